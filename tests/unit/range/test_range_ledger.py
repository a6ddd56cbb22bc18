import os
import subprocess
from pathlib import Path

from drillyard.range.ledger import Entry, Ledger, started


def test_a_process_is_known_by_its_pid_and_its_start() -> None:
    me = Entry("me", os.getpid(), started(os.getpid()))
    assert me.alive()
    assert not Entry("me", os.getpid(), "somebody:else").alive()
    with subprocess.Popen(["/bin/true"]) as done:
        done.wait()
    assert started(done.pid) == ""


def test_a_line_that_was_cut_short_is_passed_over(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.append("me", os.getpid())
    with ledger.path.open("a") as file:
        file.write('{"name": "cut", "pi')
    assert [entry.name for entry in ledger.entries()] == ["me"]


def test_without_a_ledger_nothing_is_left_to_clear(tmp_path: Path) -> None:
    assert Ledger(tmp_path / "ledger.jsonl").clear() == []


def test_a_pid_that_another_process_has_now_is_left_alone(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    with subprocess.Popen(["/bin/sleep", "100"]) as other:
        ledger.path.write_text(f'{{"name": "old", "pid": {other.pid}, "started": "other-boot:1"}}\n')
        assert ledger.clear() == []
        assert other.poll() is None
        other.kill()


def test_what_carries_the_mark_is_swept_also_without_a_ledger(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    with (
        subprocess.Popen(["/bin/sleep", "100"], env={**os.environ, **ledger.mark}) as ours,
        subprocess.Popen(["/bin/sleep", "100"]) as other,
    ):
        assert [entry.pid for entry in ledger.sweep()] == [ours.pid]
        assert ours.wait(5) != 0
        assert other.poll() is None
        other.kill()
