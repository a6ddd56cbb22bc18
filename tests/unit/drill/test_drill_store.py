import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from drillyard.base.clock import wall
from drillyard.base.errors import UserError
from drillyard.drill.events import Activity, Applied, HintTaken, NoteWritten, RangeStarted
from drillyard.drill.store import CheckRow, MeasurementRow, Store

WRITER = """
import sys
from pathlib import Path
from drillyard.drill.events import Applied
from drillyard.drill.store import Store
store = Store(Path(sys.argv[1]))
while True:
    print(store.append(Applied(files=("x" * 200,))).index, flush=True)
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store.sqlite")


def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    acknowledged = 0
    for lines in (3, 17, 40, 41):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        for _ in range(lines):
            acknowledged = int(writer.stdout.readline())
        os.kill(writer.pid, signal.SIGKILL)
        acknowledged = int(([str(acknowledged), *writer.stdout.read().split("\n")[:-1]])[-1])
        writer.wait()
        writer.stdout.close()
        store = Store(path)
        indexes = [entry.index for entry in store.timeline()]
        assert indexes == list(range(1, len(indexes) + 1))
        assert len(indexes) >= acknowledged
        store.close()


def test_the_timeline_cannot_be_rewritten(store: Store) -> None:
    store.append(NoteWritten(text="first"))
    with pytest.raises(sqlite3.IntegrityError, match="append-only"), store.transaction() as connection:
        connection.execute("DELETE FROM timeline")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"), store.transaction() as connection:
        connection.execute("UPDATE timeline SET at = 0")


def test_events_come_back_typed_and_filtered(store: Store) -> None:
    store.append(Applied(files=("haproxy/haproxy.cfg",), actions=("replaced haproxy",)))
    store.append(NoteWritten(text="slow search"))
    assert [e.event for e in store.timeline(kinds=("applied",))] == [
        Applied(files=("haproxy/haproxy.cfg",), actions=("replaced haproxy",))
    ]
    assert [e.index for e in store.timeline(after=1)] == [2]


def test_a_failed_transaction_leaves_nothing(store: Store) -> None:
    def half() -> None:
        with store.transaction():
            store.append(NoteWritten(text="half"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    assert store.timeline() == []


def test_a_hint_costs_once(store: Store) -> None:
    assert store.take_hint("1-analyze", 1, 2)
    assert not store.take_hint("1-analyze", 1, 2)
    assert [e.event for e in store.timeline()] == [HintTaken(task="1-analyze", tier=1, cost=2)]


def test_commands_in_quick_succession_are_one_activity(store: Store) -> None:
    store.touch("status")
    store.touch("status")
    assert [e.event for e in store.timeline()] == [Activity(command="status")]


def test_reset_forgets_progress_but_keeps_hints_and_asked_for_notes(store: Store) -> None:
    store.write_note("keep me")
    store.take_hint("t", 1, 1)
    store.keep_check(CheckRow(at=1.0, attempt=None, task="t", outcome="pass", verdicts="[]"))
    store.reset(keep_notes=True)
    assert store.latest_checks() == {}
    assert [n.text for n in store.notes()] == ["keep me"]
    store.reset(keep_notes=False)
    assert store.notes() == []
    assert len(store.hints()) == 1


def test_an_interrupted_submission_is_taken_up_again(store: Store) -> None:
    first = store.begin_attempt()
    store.update_attempt(first, state="interrupted", stage="measured")
    assert store.begin_attempt() == first
    store.reset(keep_notes=True)
    assert [row.stage for row in store.attempts()] == [""]
    store.end_attempt(first, outcome="pass", report="{}")
    assert store.begin_attempt() == first + 1


def test_measurements_are_listed_in_order(store: Store) -> None:
    for number in (2, 1):
        store.keep_measurement(
            MeasurementRow(f"m{number}", float(number), "measure", f"m{number}.json", "{}")
        )
    assert [row.id for row in store.measurements()] == ["m1", "m2"]


def test_a_store_of_a_newer_program_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    Store(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    with pytest.raises(UserError, match="newer Drillyard"):
        Store(path)


def test_the_store_is_private(store: Store) -> None:
    assert store.path.stat().st_mode & 0o077 == 0


def test_the_clock_of_the_store_begins_with_the_range(store: Store) -> None:
    store.append(Activity(command="start"), at=0)
    store.append(RangeStarted(took_s=1), at=300)
    assert store.active_s(360) == 60


def test_a_measurement_before_a_reset_is_none_of_this_start(store: Store) -> None:
    assert not store.measurements_of_this_start()
    store.keep_measurement(MeasurementRow("m1", wall(), "measure", "m1.json", "{}"))
    assert store.measurements_of_this_start()
    store.reset(keep_notes=True)
    assert not store.measurements_of_this_start()
