"""The submissions of all drills on this machine, read from their stores; no daemon is needed for it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

from drillyard.base.errors import UserError
from drillyard.drill.places import Places, Record, all_drills
from drillyard.drill.views import HistoryLine, HistoryView, ReportView


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
    for number, started, ended, outcome, kept in _rows(places):
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


def _rows(places: Places) -> list[tuple[int, float, float, str, str]]:
    """A store that is not there yet, is being made, or is none any more, has no submissions."""
    query = (
        "SELECT id, started, ended, outcome, report FROM attempts WHERE state = 'done' AND report NOT NULL"
    )
    try:
        with closing(sqlite3.connect(f"{places.store.as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
            found: list[tuple[int, float, float, str, str]] = connection.execute(query).fetchall()
            return found
    except sqlite3.DatabaseError:
        return []
