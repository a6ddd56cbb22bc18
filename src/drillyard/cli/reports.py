"""A report on one screen: the outcome, the four criteria, the way to par, what is open, the attempts."""

import os
import time
from collections.abc import Iterable

from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from drillyard.assess.check import AT_END, Status
from drillyard.assess.report.content import CheckLine, Report
from drillyard.assess.report.file import report_of
from drillyard.assess.report.text import scored, share
from drillyard.assess.wording import amount, judged
from drillyard.base.errors import UserError
from drillyard.cli.screen import out, span
from drillyard.cli.verdicts import MARKS
from drillyard.drill.views import AttemptView, ReportView

_OPEN = 8
"""So many open checks fit on a screen; all are in the full report."""


def draw_report(view: ReportView) -> None:
    """One screen of it."""
    report = report_of(view.data)
    story = report.story
    out.print(
        f"{MARKS[view.outcome]} [bold]{escape(report.title)}: {view.outcome}[/]  {escape(scored(report))}"
    )
    out.print(
        f"  attempt {view.attempt}, variant {escape(report.variant)}, {span(report.active_seconds)} of work\n"
    )
    out.print(_criteria(report))
    out.print()
    if report.scores:
        out.print(_scores(report))
        out.print()
    _open([check for check in report.checks() if check.status is not Status.PASS])
    _remarks([check for check in report.checks() if check.status is Status.PASS])
    if len(view.attempts) > 1:
        out.print(attempts_table(view.attempts, view.best))
        out.print()
    for file in filter(os.path.exists, view.files[:1]):
        out.print(f"The page, with charts and evidence: {escape(file)}", soft_wrap=True)
    out.print("[dim]All of it: drill report --full[/]")
    if not story.debrief:
        out.print(
            "[dim]What was planted is told when you pass, or for all hints' price: drill report --debrief[/]"
        )


def signed(view: ReportView) -> bool:
    """Whether it is a report of this format; those of older versions have their Markdown only."""
    try:
        report_of(view.data)
    except UserError:
        return False
    return True


def attempts_table(attempts: Iterable[AttemptView], best: int | None) -> Table:
    """The attempts of one drill, the best and the last marked."""
    known = list(attempts)
    table = Table("attempt", "when", "outcome", "points", "", box=None, pad_edge=False, header_style="bold")
    for each in known:
        marks = [
            name for name, number in (("best", best), ("last", known[-1].number)) if number == each.number
        ]
        table.add_row(
            str(each.number),
            time.strftime("%Y-%m-%d %H:%M", time.localtime(each.at)),
            f"{MARKS[each.outcome]} {each.outcome}",
            points(each.points),
            ", ".join(marks),
        )
    return table


def points(value: float | None) -> str:
    """Points of 100 as they are shown."""
    return "-" if value is None else f"{value:.0f}"


def _criteria(report: Report) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for each in report.criteria:
        table.add_row(MARKS[each.status.value], each.title, share(each.score), each.done)
    return table


def _scores(report: Report) -> Table:
    table = Table("measured", box=None, pad_edge=False, header_style="bold")
    for head in ("untouched", "yours", "par", "way made"):
        table.add_column(head, justify="right", no_wrap=True)
    for each in report.scores:
        values = (each.twin, each.learner, each.par)
        shown = ("-" if value is None else amount(value, each.unit) for value in values)
        table.add_row(each.name, *shown, share(each.share))
    return table


def _open(checks: list[CheckLine]) -> None:
    for check in checks[:_OPEN]:
        when = f", {check.when}" if check.when != str(AT_END) else ""
        out.print(f"{MARKS[check.status.value]} {escape(check.title)}  [dim]{escape(check.id)}{when}[/]")
        for item in [item for item in check.evidence if item.status is not Status.PASS][:1]:
            said = judged(item.what, item.value, (item.low, item.high), item.unit, item.threshold)
            for line in (said, item.reason, item.look_next and f"look at: {item.look_next}"):
                if line:
                    out.print(Padding(escape(line), (0, 0, 0, 4), expand=False))
    if len(checks) > _OPEN:
        out.print(f"  and {len(checks) - _OPEN} more")
    if checks:
        out.print()


def _remarks(checks: list[CheckLine]) -> None:
    """What could not be told of something that passed: a figure that nobody measured, for one."""
    doubtful = [item for check in checks for item in check.evidence if item.status is Status.INCONCLUSIVE]
    for item in doubtful[:_OPEN]:
        out.print(f"{MARKS[item.status.value]} {escape(item.what)}")
    if len(doubtful) > _OPEN:
        out.print(f"  and {len(doubtful) - _OPEN} more")
    if doubtful:
        out.print()
