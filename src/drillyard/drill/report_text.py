"""The report of a submission as Markdown: readable in a terminal and wherever else it is pasted."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from drillyard.assess.report import CheckLine, FigureLine, Report
from drillyard.assess.scores import Score
from drillyard.drill.wording import amount, judged

_MARKS = {"pass": "✔", "fail": "✘", "inconclusive": "?"}
_OUTCOMES = {
    "pass": "It passed: every task is done, nothing that had to hold was broken.",
    "fail": "Not yet: something below fails; beside it stands what was measured and where to look.",
    "inconclusive": "Inconclusive: something could not be measured well enough. It is not held against you.",
}


@dataclass(frozen=True)
class Extras:
    """What stands beside the judgement: the price of hints (points of 100), notes, the titles of the flaws
    that were planted, the debrief.
    """

    hints_cost: float
    notes: tuple[str, ...]
    planted: tuple[str, ...]
    debrief: str


def markdown(report: Report, extras: Extras) -> str:
    """The whole report."""
    return "\n".join(_lines(report, extras)).rstrip() + "\n"


def _lines(report: Report, extras: Extras) -> Iterator[str]:
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(report.generated_at))
    yield f"# {report.title}: {report.status.value}"
    yield ""
    yield _OUTCOMES[report.status.value]
    yield ""
    yield f"Variant {report.variant}, measured {when}, active time {report.active_seconds / 60:.0f} min,"
    yield f"hints {extras.hints_cost:g} points of 100."
    yield from _scores(report.scores)
    yield from _judged(report)
    yield from _figures(report.figures)
    if extras.notes:
        yield from ("", "## Your notes", "", *(f"- {note}" for note in extras.notes))
    if extras.planted:
        yield from ("", "## What was planted", "", *(f"- {title}" for title in extras.planted))
    if extras.debrief:
        yield from ("", "---", "", extras.debrief)


def _scores(scores: Iterable[Score]) -> Iterator[str]:
    rows = [
        f"| {s.name} | {_amount(s.twin, s.unit)} | {_amount(s.learner, s.unit)} | {_amount(s.par, s.unit)} |"
        f" {_share(s)} |"
        for s in scores
    ]
    if rows:
        yield from ("", "## From untouched to par", "")
        yield from (
            "| reading | untouched | yours | par | way made |",
            "|---|---|---|---|---|",
            *rows,
        )


def _share(score: Score) -> str:
    return "-" if score.share is None else f"{score.share:.0%}"


def _judged(report: Report) -> Iterator[str]:
    for task in report.tasks:
        yield from ("", f"## {_MARKS[task.status.value]} {task.title}", "")
        if task.self_assessed:
            yield f"Not measured: {task.self_assessed}"
        for check in task.checks:
            yield from _check(check)
    for title, checks in (("What must hold all along", report.invariants), ("Documents", report.documents)):
        if checks:
            yield from ("", f"## {title}", "")
            for check in checks:
                yield from _check(check)


def _check(check: CheckLine) -> Iterator[str]:
    yield f"- {_MARKS[check.status.value]} {check.title} (`{check.id}`)"
    if check.our_bug:
        yield "  - This check itself broke: a fault of the drill, not yours."
    for evidence in check.evidence:
        interval = (evidence.low, evidence.high)
        said = judged(evidence.what, evidence.value, interval, evidence.unit, evidence.threshold)
        yield f"  - {said if said != check.title else 'No figure for it:'}"
        if evidence.status.value != "pass":
            yield from (f"    {part}" for part in (evidence.reason, _look(evidence.look_next)) if part)


def _look(text: str) -> str:
    return f"Look at: {text}" if text else ""


def _figures(figures: Iterable[FigureLine]) -> Iterator[str]:
    rows = [
        f"| {f.name} | {_amount(f.before, f.unit)} | {_amount(f.learner, f.unit)} |"
        f" {_amount(f.twin, f.unit)} | {_amount(f.par, f.unit)} | {_amount(f.ratio, '')} |"
        for f in figures
    ]
    if rows:
        yield from ("", "## Figures", "")
        yield from (
            "| reading | before | now | untouched | par | now / untouched |",
            "|---|---|---|---|---|---|",
            *rows,
        )


def _amount(value: float | None, unit: str) -> str:
    return "-" if value is None else amount(value, unit)
