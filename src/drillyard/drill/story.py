"""What happened in a drill, in words, as a report tells it."""

from collections.abc import Iterable, Iterator

from drillyard.assess.check import Status
from drillyard.assess.report.content import AttemptLine, HintLine, Story, TimelineLine
from drillyard.drill.events import Entry
from drillyard.drill.store import Store
from drillyard.drill.views import ReportView
from drillyard.scenario.scenario import Scenario

MOST_LINES = 1000
"""A report shows at most so much of a timeline, the newest of it: a watched drill of days has thousands."""


def story_of(
    store: Store, scenario: Scenario, variant: str, *, drill: str, attempt: int, passed: bool
) -> Story:
    """What stands in the report of submission `attempt` beside the judgement.

    Flaws and debrief are told only when it `passed` or they were read already: a drill that is not solved yet
    is worth more with its riddle.
    """
    read = bool(store.timeline(kinds=("debrief-read",)))
    told = passed or read
    return Story(
        drill=drill,
        attempt=attempt,
        hints=tuple(HintLine(each.task, each.tier, each.at, each.cost) for each in store.hints()),
        timeline=tuple(_lines(_since_reset(store)))[-MOST_LINES:],
        notes=tuple(note.text for note in store.notes()),
        planted=planted(scenario, variant) if told else (),
        debrief=scenario.debrief() if told else "",
        debrief_read=read,
        debrief_cost=_unread(store, scenario) if read else 0.0,
        attempts=tuple(attempts(store)),
    )


def planted(scenario: Scenario, variant: str) -> tuple[str, ...]:
    """The flaws of a variant, by their titles."""
    return tuple(f"{flaw.family}: {flaw.title}" for flaw in scenario.variant(variant).flaws)


def attempts(store: Store) -> Iterator[AttemptLine]:
    """The submissions that were judged, oldest first."""
    for row in store.attempts():
        if row.report is not None and row.ended is not None:
            view = ReportView.model_validate_json(row.report)
            yield AttemptLine(row.id, row.ended, Status(view.outcome), view.points)


def _unread(store: Store, scenario: Scenario) -> float:
    """What the hints would have cost that were not read: the debrief tells all of them."""
    read = {(each.task, each.tier) for each in store.hints()}
    return float(
        sum(
            hint.cost
            for task in scenario.manifest.tasks
            for hint in scenario.hints_for(task.id)
            if (task.id, hint.tier) not in read
        )
    )


def _since_reset(store: Store) -> list[Entry]:
    """What happened since the last reset: notes that were deleted then are nobody's any more."""
    entries = store.timeline()
    resets = [index for index, entry in enumerate(entries) if entry.event.kind == "reset"]
    return entries[resets[-1] :] if resets else entries


def _lines(entries: Iterable[Entry]) -> Iterator[TimelineLine]:
    for entry in entries:
        if text := entry.event.told():
            yield TimelineLine(entry.at, entry.event.by, text)
