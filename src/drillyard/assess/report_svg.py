"""Small charts as inline SVG. Colours follow the page; every chart says in words what it shows."""

from collections.abc import Sequence
from html import escape

_WIDTH, _HEIGHT = 120, 28
_COLOURS = ("#9a6700", "#0969da", "#1a7f37")


def sparkline(values: Sequence[float | None]) -> str:
    """The values of successive windows as a line; empty for fewer than two."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return ""
    low, high = min(known), max(known)
    span = (high - low) or 1.0
    step = (_WIDTH - 4) / (len(known) - 1)
    points = " ".join(
        f"{2 + index * step:.1f},{_HEIGHT - 3 - (value - low) / span * (_HEIGHT - 6):.1f}"
        for index, value in enumerate(known)
    )
    return (
        f'<svg width="{_WIDTH}" height="{_HEIGHT}" role="img" aria-label="{len(known)} windows, '
        f'{low:.4g} to {high:.4g}"><polyline points="{points}" fill="none" stroke="currentColor" '
        'stroke-width="1.5"/></svg>'
    )


def bars(rows: Sequence[tuple[str, float | None]]) -> str:
    """One bar a row, from zero, to the scale of the largest; rows without a value are left out."""
    known = [(name, value) for name, value in rows if value is not None and value >= 0]
    largest = max((value for _, value in known), default=0.0)
    if len(known) < 2 or largest <= 0:
        return ""
    height = 12 * len(known)
    label = ", ".join(f"{name} {value:.4g}" for name, value in known)
    shapes = "".join(
        f'<rect x="0" y="{index * 12 + 1}" width="{max(1.0, value / largest * _WIDTH):.1f}" height="10" '
        f'fill="{_COLOURS[index % len(_COLOURS)]}"><title>{escape(name)} {value:.4g}</title></rect>'
        for index, (name, value) in enumerate(known)
    )
    return f'<svg width="{_WIDTH}" height="{height}" role="img" aria-label="{escape(label)}">{shapes}</svg>'
