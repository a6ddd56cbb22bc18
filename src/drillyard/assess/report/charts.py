"""The charts of a report's page: readings before and after, and the tail under rising load."""

from collections.abc import Iterable, Sequence
from html import escape

from drillyard.assess.report.content import CapacityLine, FigureLine
from drillyard.assess.report.svg import Bar, Curve, bars, curves
from drillyard.assess.wording import amount

_CHARTS = 14
"""So many readings are drawn; all stand in the table of figures."""
_ORDER = ("twin", "learner", "par")


def before_and_after(figures: Iterable[FigureLine]) -> Iterable[str]:
    """A chart for each reading that has a value of before and of now; those of routes and kinds come last."""
    rows = sorted(
        (row for row in figures if row.before is not None),
        key=lambda row: row.name.startswith(("latency.p95.", "cache.hit_ratio.")),
    )
    charts = [f"<div><h3>{escape(row.name)}</h3>{chart}</div>" for row in rows if (chart := _bars(row))]
    if charts:
        yield "<h2>Before and after</h2>"
        yield (
            '<p class="quiet">First: your first measurement. Twin, yours and par were measured side by '
            "side at submission.</p>"
        )
        yield f'<div class="charts">{"".join(charts[:_CHARTS])}</div>'


def _bars(row: FigureLine) -> str:
    named = (("first", row.before), ("twin", row.twin), ("yours", row.learner), ("par", row.par))
    return bars([Bar(name, value, amount(value, row.unit)) for name, value in named if value is not None])


def throughput(capacities: Sequence[CapacityLine]) -> Iterable[str]:
    """The tail by load: where each of the three bends."""
    names = {"learner": "yours"}
    lines = [
        Curve(
            f"{names.get(each.subject, each.subject)} ({each.rate:.0f}/s)",
            [(rate, p95) for rate, p95, _ in each.steps if p95 is not None],
        )
        for each in sorted(capacities, key=lambda each: _ORDER.index(each.subject))
    ]
    chart = curves(lines, x="requests a second", y="95th percentile, ms")
    if chart:
        yield "<h2>Under rising load</h2>"
        yield (
            f'<p class="quiet">Every rate that was tried; in brackets the largest with '
            f"{escape(capacities[0].objective)}.</p>"
        )
        yield f'<div class="scroll">{chart}</div>'
