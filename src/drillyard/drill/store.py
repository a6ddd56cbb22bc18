"""What a drill knows of itself, on disk: SQLite in WAL mode with synchronous FULL.

A method that has returned is on the disk: it survives kill -9 and a power cut. Only the progress of
operations is written without waiting for the disk (synchronous NORMAL): it survives kill -9, and a start need
not wait for forty of them. One process writes (the daemon, under its lock); any thread of it may call.
"""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from drillyard.base.clock import wall
from drillyard.drill.active_time import active_seconds
from drillyard.drill.events import (
    EVENT,
    Activity,
    Entry,
    Event,
    HintTaken,
    MeasurementKept,
    NoteWritten,
    Reset,
    TaskChecked,
)
from drillyard.drill.schema import migrate

ACTIVITY_EVERY_S = 20.0
"""Commands closer together than this are one activity: a watched status must not flood the timeline."""

AttemptState = Literal["running", "interrupted", "done"]


@dataclass(frozen=True)
class MeasurementRow:
    """A kept measurement: `file` is relative to the drill's private directory, `summary` its JSON digest."""

    id: str
    at: float
    purpose: str
    file: str
    summary: str


@dataclass(frozen=True)
class CheckRow:
    """The latest judgement of one task; `verdicts` is JSON."""

    at: float
    attempt: int | None
    task: str
    outcome: str
    verdicts: str


@dataclass(frozen=True)
class HintRow:
    """One hint that was taken."""

    task: str
    tier: int
    at: float
    cost: float


@dataclass(frozen=True)
class NoteRow:
    """One note of the learner's."""

    id: int
    at: float
    text: str


@dataclass(frozen=True)
class AttemptRow:
    """One submission; `stage` names the last stage that was finished, `report` is JSON once it is done."""

    id: int
    started: float
    ended: float | None
    state: str
    stage: str
    outcome: str | None
    report: str | None


def glance(path: Path, query: str) -> list[tuple[Any, ...]]:
    """Rows of a store that is another process's; one that is not there yet, or is none any more, has none."""
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
            return connection.execute(query).fetchall()
    except sqlite3.DatabaseError:
        return []


class Store:
    """The drill's memory. Open one per process; close it when done."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._connection = _connect(path, "FULL")
        path.chmod(0o600)
        migrate(self._connection)
        self._swift = _connect(path, "NORMAL")

    def close(self) -> None:
        """Close the database; the store must not be used afterwards."""
        with self._lock:
            self._swift.close()
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One durable transaction: all of it is on disk when the block ends, or none of it."""
        with self._lock:
            if self._connection.in_transaction:
                yield self._connection
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def jot(self, sql: str, *parameters: object) -> None:
        """Write something that has to survive this process, but not a power cut."""
        with self._lock:
            (self._connection if self._connection.in_transaction else self._swift).execute(sql, parameters)

    def rows(self, sql: str, *parameters: object) -> list[tuple[object, ...]]:
        """The rows of a query."""
        with self._lock:
            return self._connection.execute(sql, parameters).fetchall()

    def get(self, key: str, default: str = "") -> str:
        """A value that `set` kept."""
        found = self.rows("SELECT value FROM meta WHERE key = ?", key)
        return str(found[0][0]) if found else default

    def set(self, key: str, value: str) -> None:
        """Keep a value under a name."""
        with self.transaction() as connection:
            connection.execute(
                "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                (key, value),
            )

    def append(self, event: Event, *, at: float | None = None) -> Entry:
        """Add an event to the timeline."""
        moment = wall() if at is None else at
        with self.transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO timeline (at, kind, body) VALUES (?, ?, ?)",
                (moment, event.kind, event.model_dump_json()),
            )
            return Entry(index=int(cursor.lastrowid or 0), at=moment, event=event)

    def timeline(self, *, after: int = 0, kinds: tuple[str, ...] = ()) -> list[Entry]:
        """The events after index `after`, oldest first; only those of `kinds` when some are given."""
        rows = self.rows(
            "SELECT id, at, body FROM timeline WHERE id > ?1"
            " AND (?2 = '[]' OR kind IN (SELECT value FROM json_each(?2))) ORDER BY id",
            after,
            json.dumps(kinds),
        )
        return [
            Entry(index=int(str(index)), at=float(str(at)), event=EVENT.validate_json(str(body)))
            for index, at, body in rows
        ]

    def touch(self, command: str) -> None:
        """The learner ran a command; commands in quick succession are kept as one activity."""
        last = self.rows("SELECT at FROM timeline WHERE kind = 'activity' ORDER BY id DESC LIMIT 1")
        if not last or wall() - float(str(last[0][0])) > ACTIVITY_EVERY_S:
            self.append(Activity(command=command))

    def active_s(self, now: float | None = None) -> float:
        """Seconds that the learner really worked since the last reset."""
        kinds = ("activity", "range-started", "paused", "resumed", "stopped", "reset", "daemon-started")
        return active_seconds(self.timeline(kinds=kinds), wall() if now is None else now)

    def reset(self, *, keep_notes: bool) -> None:
        """Progress counts from now on. Hints stay counted: what was read cannot be unread."""
        with self.transaction() as connection:
            connection.execute("DELETE FROM checks WHERE attempt IS NULL")
            connection.execute("UPDATE attempts SET stage = '' WHERE state != 'done'")
            if not keep_notes:
                connection.execute("DELETE FROM notes")
            self.append(Reset(keep_notes=keep_notes))

    def keep_measurement(self, row: MeasurementRow, *, replace_old: bool = False) -> None:
        """Index a measurement whose file is already on disk; `replace_old` one of the same id."""
        with self.transaction() as connection:
            if replace_old:
                connection.execute("DELETE FROM measurements WHERE id = ?", (row.id,))
            connection.execute(
                "INSERT INTO measurements VALUES (?, ?, ?, ?, ?)",
                (row.id, row.at, row.purpose, row.file, row.summary),
            )
            self.append(MeasurementKept(measurement=row.id))

    def measurements(self) -> list[MeasurementRow]:
        """All kept measurements, oldest first."""
        found = self.rows("SELECT id, at, purpose, file, summary FROM measurements ORDER BY at, id")
        return [
            MeasurementRow(str(i), float(str(at)), str(purpose), str(file), str(summary))
            for i, at, purpose, file, summary in found
        ]

    def measurements_of_this_start(self) -> list[MeasurementRow]:
        """Those since the last reset, oldest first: releases count from one again after it."""
        resets = self.timeline(kinds=("reset",))
        since = resets[-1].at if resets else 0.0
        return [row for row in self.measurements() if row.at > since]

    def keep_check(self, row: CheckRow) -> None:
        """Keep the judgement of one task."""
        with self.transaction() as connection:
            connection.execute(
                "INSERT INTO checks (at, attempt, task, outcome, verdicts) VALUES (?, ?, ?, ?, ?)",
                (row.at, row.attempt, row.task, row.outcome, row.verdicts),
            )
            self.append(TaskChecked(task=row.task, outcome=row.outcome))

    def latest_checks(self) -> dict[str, CheckRow]:
        """The latest judgement of each task since the last reset."""
        found = self.rows(
            "SELECT at, attempt, task, outcome, verdicts FROM checks WHERE at >="
            " coalesce((SELECT max(at) FROM timeline WHERE kind = 'reset'), 0) ORDER BY id"
        )
        return {
            str(task): CheckRow(
                float(str(at)),
                None if attempt is None else int(str(attempt)),
                str(task),
                str(outcome),
                str(verdicts),
            )
            for at, attempt, task, outcome, verdicts in found
        }

    def checks(self) -> list[CheckRow]:
        """Every judgement since the last reset but those of submissions, oldest first."""
        found = self.rows(
            "SELECT at, task, outcome, verdicts FROM checks WHERE attempt IS NULL AND at >="
            " coalesce((SELECT max(at) FROM timeline WHERE kind = 'reset'), 0) ORDER BY id"
        )
        return [
            CheckRow(float(str(at)), None, str(task), str(outcome), str(verdicts))
            for at, task, outcome, verdicts in found
        ]

    def take_hint(self, task: str, tier: int, cost: float) -> bool:
        """Note that a hint was shown; False when it was shown before (it costs once)."""
        with self.transaction() as connection:
            cursor = connection.execute(
                "INSERT OR IGNORE INTO hints VALUES (?, ?, ?, ?)", (task, tier, wall(), cost)
            )
            if cursor.rowcount != 1:
                return False
            self.append(HintTaken(task=task, tier=tier, cost=cost))
            return True

    def hints(self) -> list[HintRow]:
        """The hints taken, oldest first."""
        found = self.rows("SELECT task, tier, at, cost FROM hints ORDER BY at")
        return [
            HintRow(str(task), int(str(tier)), float(str(at)), float(str(cost)))
            for task, tier, at, cost in found
        ]

    def write_note(self, text: str) -> NoteRow:
        """Keep a note."""
        with self.transaction() as connection:
            moment = wall()
            cursor = connection.execute("INSERT INTO notes (at, text) VALUES (?, ?)", (moment, text))
            self.append(NoteWritten(text=text))
            return NoteRow(int(cursor.lastrowid or 0), moment, text)

    def notes(self) -> list[NoteRow]:
        """The learner's notes, oldest first."""
        return [
            NoteRow(int(str(i)), float(str(at)), str(text))
            for i, at, text in self.rows("SELECT id, at, text FROM notes ORDER BY id")
        ]

    def begin_attempt(self) -> int:
        """A new submission, or the one that was interrupted."""
        with self.transaction() as connection:
            open_ones = self.rows("SELECT id FROM attempts WHERE state != 'done' ORDER BY id DESC LIMIT 1")
            if open_ones:
                connection.execute("UPDATE attempts SET state = 'running' WHERE id = ?", open_ones[0])
                return int(str(open_ones[0][0]))
            cursor = connection.execute(
                "INSERT INTO attempts (started, state, stage) VALUES (?, 'running', '')", (wall(),)
            )
            return int(cursor.lastrowid or 0)

    def update_attempt(self, attempt: int, *, state: AttemptState, stage: str) -> None:
        """How far a submission has come."""
        with self.transaction() as connection:
            connection.execute(
                "UPDATE attempts SET state = ?, stage = ? WHERE id = ?", (state, stage, attempt)
            )

    def end_attempt(self, attempt: int, *, outcome: str, report: str) -> None:
        """A submission was judged; `report` is JSON."""
        with self.transaction() as connection:
            connection.execute(
                "UPDATE attempts SET state = 'done', ended = ?, outcome = ?, report = ? WHERE id = ?",
                (wall(), outcome, report, attempt),
            )

    def attempts(self) -> list[AttemptRow]:
        """All submissions, oldest first."""
        found = self.rows(
            "SELECT id, started, ended, state, stage, outcome, report FROM attempts ORDER BY id"
        )
        return [
            AttemptRow(
                int(str(i)),
                float(str(started)),
                None if ended is None else float(str(ended)),
                str(state),
                str(stage),
                None if outcome is None else str(outcome),
                None if report is None else str(report),
            )
            for i, started, ended, state, stage, outcome, report in found
        ]


def _connect(path: Path, synchronous: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection
