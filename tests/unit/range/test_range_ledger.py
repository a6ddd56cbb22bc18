import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from drillyard.range.ledger import Entry, Ledger, started
from drillyard.range.privileges import is_root


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


def test_a_ledger_that_its_nursery_takes_away_meanwhile_is_cleared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.append("gone", os.getpid())
    monkeypatch.setattr(Ledger, "sweep", lambda ledger: ledger.path.unlink() or [])
    assert ledger.clear() == []


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


@pytest.mark.skipif(not is_root(), reason="only where services have another account")
@pytest.mark.parametrize("how", ["its directory", "a file that it has open"])
def test_what_the_service_account_left_in_the_range_is_swept_without_any_mark(
    tmp_path: Path, how: str
) -> None:
    ledger = Ledger(tmp_path / "range" / "ledger.jsonl")
    ledger.path.parent.mkdir()
    here, elsewhere = ledger.path.parent, Path("/")
    (here / "postgres" / "data").mkdir(parents=True)
    shutil.chown(here / "postgres" / "data", "nobody")
    (here / "file").touch()
    with (
        (here / "file").open() as opened,
        subprocess.Popen(
            ["/bin/sleep", "100"],
            stdin=opened if how.startswith("a file") else subprocess.DEVNULL,
            cwd=elsewhere if how.startswith("a file") else here,
            env={},
            user="nobody",
        ) as ours,
        subprocess.Popen(["/bin/sleep", "100"], cwd=here, env={}) as roots,
        subprocess.Popen(["/bin/sleep", "100"], cwd=here, env={}, user="daemon") as others,
    ):
        assert [entry.pid for entry in ledger.sweep()] == [ours.pid]
        assert ours.wait(5) != 0
        assert (roots.poll(), others.poll()) == (None, None)
        roots.kill()
        others.kill()


def test_what_is_swept_may_end_in_its_own_way_for_a_moment(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    loop = "while :; do sleep 0.05; done"
    marked = {**os.environ, **ledger.mark}
    with (
        subprocess.Popen(
            ["/bin/sh", "-c", f"trap : HUP; trap 'exit 7' TERM; echo; {loop}"], env=marked, stdout=-1
        ) as good,
        subprocess.Popen(["/bin/sh", "-c", f"trap : TERM HUP; echo; {loop}"], env=marked, stdout=-1) as bad,
    ):
        for each in (good, bad):
            assert each.stdout
            each.stdout.readline()
        ledger.sweep(grace_s=0.5)
        assert good.wait(5) == 7
        assert bad.wait(5) == -signal.SIGKILL
