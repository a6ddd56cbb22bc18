"""The report of a submission as Markdown: readable in a terminal and wherever else it is pasted."""

import time
from collections.abc import Callable, Iterable, Iterator

from drillyard.assess.check import AT_END, Status
from drillyard.assess.report.content import CheckLine, FigureLine, Report
from drillyard.assess.scores import Score
from drillyard.assess.wording import amount, judged

_MARKS = {"pass": "✔", "fail": "✘", "inconclusive": "?"}
_OUTCOMES = {
    "pass": "It passed: every task is done, nothing that had to hold was broken.",
    "fail": "Not yet: something below fails; beside it stands what was measured and where to look.",
    "inconclusive": "Inconclusive: something could not be measured well enough. It is not held against you.",
}


def markdown(report: Report) -> str:
    """The whole report."""
    return "\n".join(_lines(report)).rstrip() + "\n"


def _lines(report: Report) -> Iterator[str]:
    story = report.story
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(report.generated_at))
    yield f"# {report.title}: {report.status.value}"
    yield ""
    yield _OUTCOMES[report.status.value]
    yield ""
    yield f"Variant {report.variant}, measured {when}, active time {report.active_seconds / 60:.0f} min,"
    yield f"{scored(report)}."
    yield from _criteria(report)
    yield from _scores(report.scores)
    yield from _judged(report)
    yield from _figures(report.figures)
    yield from _experiments(report)
    if story.notes:
        yield from ("", "## Your notes", "", *(f"- {note}" for note in story.notes))
    if story.planted:
        yield from ("", "## What was planted", "", *(f"- {title}" for title in story.planted))
    if story.debrief:
        yield from ("", "---", "", story.debrief)


_COLUMNS: tuple[tuple[str, Callable[[FigureLine], float | None]], ...] = (
    ("first measured", lambda row: row.before),
    ("twin now", lambda row: row.twin),
    ("yours now", lambda row: row.learner),
    ("par now", lambda row: row.par),
)


def measured_columns(
    rows: Iterable[FigureLine],
) -> list[tuple[str, Callable[[FigureLine], float | None]]]:
    """The columns of figures, each with its title; one that nobody measured is left out."""
    known = list(rows)
    return [each for each in _COLUMNS if any(each[1](row) is not None for row in known)]


def scored(report: Report) -> str:
    """The points in words: `88 points of 100, 6 of them less for hints`."""
    cost = report.story.hints_cost
    had = "no points yet" if report.points is None else f"{report.points:.0f} points of 100"
    known = ", flaws and debrief were read before" if report.story.debrief_read else ""
    return f"{had}, {cost:g} less for hints{known}" if cost else f"{had}, no hint taken{known}"


def share(score: float | None) -> str:
    """A criterion's score as it is shown."""
    return "-" if score is None else f"{score:.0%}"


def _criteria(report: Report) -> Iterator[str]:
    yield from ("", "## The four criteria", "", "| | criterion | score | done |", "|---|---|---|---|")
    for each in report.criteria:
        yield f"| {_MARKS[each.status.value]} | {each.title} | {share(each.score)} | {each.done} |"
    objectives = [item for each in report.criteria if each.id == "objectives" for item in each.items]
    if objectives:
        yield from ("", "## What success meant", "")
        for item in objectives:
            mark = _MARKS[item.status.value] if item.status else "yours to judge:"
            yield f"- {mark} {item.text}"


def _scores(scores: Iterable[Score]) -> Iterator[str]:
    rows = [
        f"| {s.name} | {_amount(s.twin, s.unit)} | {_amount(s.learner, s.unit)} | {_amount(s.par, s.unit)} |"
        f" {share(s.share)} |"
        for s in scores
    ]
    if rows:
        yield from ("", "## From untouched to par", "")
        yield from (
            "| reading | untouched | yours | par | way made |",
            "|---|---|---|---|---|",
            *rows,
        )


def _experiments(report: Report) -> Iterator[str]:
    if not report.experiments:
        return
    yield from ("", "## Experiments", "", "| run | broken | moved | came of it |", "|---|---|---|---|")
    for each in report.experiments:
        moved = "; ".join(
            f"{one.reading} {_amount(one.before, one.unit)} to {_amount(one.during, one.unit)}"
            for one in each.moved
        )
        yield (
            f"| {each.run} | {', '.join(each.broken) or 'nothing'} | {moved or 'nothing'} |"
            f" {each.outcome or 'not asked'} |"
        )


def _judged(report: Report) -> Iterator[str]:
    for task in report.tasks:
        yield from ("", f"## {_MARKS[task.status.value]} {task.title}", "")
        if task.self_assessed:
            yield f"Not measured: {task.self_assessed}"
        for check in task.checks:
            yield from _check(check)
    for title, checks in (
        ("What must hold all along", report.invariants),
        ("Documents", report.documents),
        ("Analysis of the results", report.analysis),
    ):
        if checks:
            yield from ("", f"## {title}", "")
            for check in checks:
                yield from _check(check)


def _check(check: CheckLine) -> Iterator[str]:
    when = f", {check.when}" if check.when != str(AT_END) else ""
    yield f"- {_MARKS[check.status.value]} {check.title} (`{check.id}`{when})"
    if check.status is Status.PASS and check.reason:
        yield f"  - {check.reason}"
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
    rows = list(figures)
    if not rows:
        return
    columns = measured_columns(rows)
    compared = any(row.ratio is not None for row in rows)
    yield from ("", "## Figures", "")
    yield _row("reading", [*(title for title, _ in columns), *(["yours / twin"] if compared else [])])
    yield _row("---", ["---"] * (len(columns) + compared))
    for row in rows:
        ratio = [_amount(row.ratio, "")] if compared else []
        yield _row(row.name, [*(_amount(of(row), row.unit) for _, of in columns), *ratio])


def _row(first: str, cells: Iterable[str]) -> str:
    return f"| {' | '.join((first, *cells))} |"


def _amount(value: float | None, unit: str) -> str:
    return "-" if value is None else amount(value, unit)
