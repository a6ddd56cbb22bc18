"""The frame of a self-contained page: nothing runs in it, nothing is loaded; light or dark, as one likes."""

from collections.abc import Iterable
from html import escape

_STYLE = """
:root { color-scheme: light dark; --ok: #1a7f37; --no: #b3261e; --doubt: #8a6100; --line: #8884; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { line-height: 1.2; margin-bottom: 0; } h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
td.n, th.n { text-align: right; white-space: nowrap; }
.pass { color: var(--ok); } .fail { color: var(--no); } .inconclusive { color: var(--doubt); }
.status { font-weight: 600; white-space: nowrap; } .quiet { opacity: .75; font-size: .9em; }
details { margin: .4rem 0; } summary { cursor: pointer; } ul { padding-left: 1.2rem; }
svg { max-width: 100%; height: auto; } svg text { font: 12px system-ui, sans-serif; fill: currentColor; }
svg .grid { stroke: var(--line); }
svg .over { paint-order: stroke; stroke: Canvas; stroke-width: 4px; stroke-linejoin: round; }
.scroll { overflow-x: auto; } time { opacity: .75; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(26rem, 1fr)); gap: 0 1.5rem; }
.charts h3 { font-size: 1rem; margin: .8rem 0 .2rem; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: 1rem; }
.card { border: 1px solid var(--line); border-radius: .5rem; padding: .6rem 1rem; }
.card strong { font-size: 1.6rem; display: block; }
@media print { details { display: block; } }
"""


def framed(title: str, body: Iterable[str]) -> str:
    """A whole page of these lines of HTML."""
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
            "style-src 'unsafe-inline'\">",
            f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>",
            *body,
            "</body></html>",
            "",
        ]
    )
