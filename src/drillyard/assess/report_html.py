"""The report as one self-contained page: no script, no network, everything that came from outside escaped."""

import time
from collections.abc import Iterable
from html import escape

from drillyard.assess.check import Status
from drillyard.assess.report import CheckLine, EvidenceLine, FigureLine, Report, TaskLine
from drillyard.assess.report_svg import bars, sparkline

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
svg { max-width: 100%; height: auto; } .scroll { overflow-x: auto; }
@media print { details { display: block; } }
"""
_WORDS = {Status.PASS: "✓ pass", Status.FAIL: "✗ fail", Status.INCONCLUSIVE: "? inconclusive"}


def render(report: Report) -> str:
    """The whole page."""
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(report.title)} - drill report</title><style>{_STYLE}</style></head><body>",
            *_head(report),
            *_scores(report),
            "<h2>Tasks</h2>",
            *(line for task in report.tasks for line in _task(task)),
            "<h2>What had to hold all along</h2>",
            *_checks(report.invariants),
            *(["<h2>Documents</h2>", *_checks(report.documents)] if report.documents else []),
            *_figures(report.figures),
            "<h2>What success meant</h2><ul>",
            *(f"<li>{escape(criterion)}</li>" for criterion in report.success_criteria),
            "</ul>",
            f'<p class="quiet">Drillyard {escape(report.drillyard)}, {_when(report.generated_at)}. '
            "Seconds are only comparable inside this one measurement.</p>",
            "</body></html>",
            "",
        ]
    )


def _head(report: Report) -> Iterable[str]:
    results = [check for task in report.tasks for check in task.checks]
    passed = sum(check.status is Status.PASS for check in results)
    yield f"<h1>{escape(report.title)}</h1>"
    yield (
        f'<p class="quiet">{escape(report.scenario)}, variant {escape(report.variant)}, measured '
        f"{_when(report.measured_from)}, {report.active_seconds / 60:.0f} minutes of work</p>"
    )
    yield f'<p class="status {report.status}">{_WORDS[report.status]}: {passed} of {len(results)} checks</p>'


def _scores(report: Report) -> Iterable[str]:
    if not report.scores:
        return
    yield "<h2>Between the untouched system and par</h2>"
    yield '<p class="quiet">0 % is the untouched twin, 100 % the reference solution, logarithmically.</p>'
    yield '<div class="scroll"><table><tr><th>reading</th><th class="n">twin</th><th class="n">yours</th>'
    yield '<th class="n">par</th><th class="n">of the way</th></tr>'
    for score in report.scores:
        share = "" if score.share is None else f"{score.share:.0%}"
        values = "".join(
            f'<td class="n">{_value(v, score.unit)}</td>' for v in (score.twin, score.learner, score.par)
        )
        yield f'<tr><td>{escape(score.name)}</td>{values}<td class="n">{share}</td></tr>'
    yield "</table></div>"


def _task(task: TaskLine) -> Iterable[str]:
    yield f'<h3>{escape(task.title)} <span class="status {task.status}">{_WORDS[task.status]}</span></h3>'
    if task.self_assessed:
        yield f"<p>{escape(task.self_assessed)}</p>"
    yield from _checks(task.checks)


def _checks(checks: Iterable[CheckLine]) -> Iterable[str]:
    for check in checks:
        shown = "" if check.status is Status.PASS else " open"
        yield f'<details{shown}><summary><span class="status {check.status}">{_WORDS[check.status]}</span> '
        yield f"{escape(check.title)}</summary>"
        if check.reason:
            yield f"<p>{escape(check.reason)}</p>"
        yield "<ul>"
        for item in check.evidence:
            yield f"<li>{_evidence(item)}</li>"
        yield "</ul></details>"


def _evidence(item: EvidenceLine) -> str:
    parts = [f'<span class="{item.status}">{escape(item.what)}</span>']
    if item.value is not None:
        parts.append(f"<strong>{_value(item.value, item.unit)}</strong>")
    if item.low is not None and item.high is not None and item.low != item.high:
        parts.append(
            f'<span class="quiet">({_value(item.low, item.unit)} to {_value(item.high, item.unit)})</span>'
        )
    if item.threshold:
        parts.append(f"asked: {escape(item.threshold)}")
    text = " ".join(parts)
    for label, extra in (("", item.reason), ("look next: ", item.look_next), ("source: ", item.source)):
        if extra:
            text += f'<br><span class="quiet">{label}{escape(extra)}</span>'
    return text


def _figures(figures: Iterable[FigureLine]) -> Iterable[str]:
    rows = list(figures)
    if not rows:
        return
    yield "<h2>Before and after</h2>"
    yield '<div class="scroll"><table><tr><th>reading</th><th class="n">first measured</th>'
    yield '<th class="n">twin now</th><th class="n">yours now</th><th class="n">par now</th>'
    yield '<th class="n">yours / twin</th><th>windows</th><th></th></tr>'
    for row in rows:
        values = "".join(
            f'<td class="n">{_value(v, row.unit)}</td>' for v in (row.before, row.twin, row.learner, row.par)
        )
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}×"
        if row.ratio_low is not None and row.ratio_high is not None:
            ratio += f'<br><span class="quiet">{row.ratio_low:.2f} to {row.ratio_high:.2f}</span>'
        yield (
            f'<tr><td>{escape(row.name)}</td>{values}<td class="n">{ratio}</td>'
            f"<td>{sparkline(row.windows)}</td>"
            f"<td>{bars((('twin', row.twin), ('yours', row.learner), ('par', row.par)))}</td></tr>"
        )
    yield "</table></div>"


def _value(value: float | None, unit: str) -> str:
    """A number as people read it; bytes in MB, ratios in per cent."""
    if value is None:
        return "-"
    if unit == "ratio":
        return f"{value:.1%}" if 0 <= value <= 1 else f"{value:.2f}×"
    if unit == "B":
        return f"{value / 1e6:.1f} MB"
    return (
        f"{value:,.3g} {escape(unit)}".strip()
        if abs(value) < 1000
        else f"{value:,.0f} {escape(unit)}".strip()
    )


def _when(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))
