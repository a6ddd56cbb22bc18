"""The submissions of all drills on this machine, read from their stores; no daemon is needed for it."""

from collections.abc import Iterator

from drillyard.base.errors import UserError
from drillyard.drill.places import Places, Record, all_drills
from drillyard.drill.store import glance
from drillyard.drill.views import HistoryLine, HistoryView, ReportView

_JUDGED = "SELECT id, started, ended, outcome, report FROM attempts WHERE state = 'done' AND report NOT NULL"


def history() -> HistoryView:
    """Every judged submission, oldest first."""
    lines = [line for places in all_drills() for line in _of(places)]
    return HistoryView(attempts=sorted(lines, key=lambda line: line.at))


def _of(places: Places) -> Iterator[HistoryLine]:
    """A drill whose files cannot be read hides none of the others."""
    try:
        record = Record.read(places)
    except (UserError, OSError, ValueError, LookupError, TypeError):
        return
    for number, started, ended, outcome, kept in glance(places.store, _JUDGED):
        yield HistoryLine(
            drill=record.name,
            scenario=record.scenario,
            variant=record.variant,
            attempt=number,
            at=ended,
            took_s=ended - started,
            outcome=outcome,
            points=ReportView.model_validate_json(kept).points,
        )
