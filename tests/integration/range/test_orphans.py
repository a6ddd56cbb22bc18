"""Nothing of a range outlives whoever owned it, whatever killed it and whenever."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from range_stand import new_range, processes_of, standing

from drillyard.base.clock import wait_until
from drillyard.range.ledger import Ledger
from drillyard.range.member import Happening

HERE = Path(__file__).parent
GONE_WITHIN_S = 2.0


@contextmanager
def daemon(directory: Path) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, str(HERE / "doomed_daemon.py"), str(directory)], stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()
        all_gone(directory)  # a server that still ends writes in what is about to be removed


def line_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    return process.stdout.readline()


def nursery_of(process: "subprocess.Popen[str]") -> int:
    assert line_of(process) == "starting\n"
    word, pid = line_of(process).split()
    assert word == "ready"
    return int(pid)


def all_gone(directory: Path) -> None:
    wait_until(
        lambda: processes_of(directory) == [],
        deadline_s=GONE_WITHIN_S,
        what=f"{processes_of(directory)} are gone",
    )


def test_killing_the_daemon_of_a_ready_range_leaves_nothing(place: Path) -> None:
    with daemon(place) as process:
        nursery_of(process)
        assert len(processes_of(place)) > 5
        process.kill()
        all_gone(place)


@pytest.mark.parametrize("after_s", [0.0, 0.04, 0.1, 0.3, 0.8])
def test_killing_the_daemon_during_a_start_leaves_nothing_and_the_next_start_works(
    place: Path, after_s: float
) -> None:
    asyncio.run(_prepared(place))
    with daemon(place) as process:
        assert line_of(process) == "starting\n"
        time.sleep(after_s)  # the instant is what this test varies
        process.kill()
        all_gone(place)
    with daemon(place) as process:
        nursery_of(process)


async def _prepared(place: Path) -> None:
    await new_range(place)


def test_killing_the_nursery_ends_its_children_and_everything_is_started_again(place: Path) -> None:
    async def scene() -> None:
        async with standing(place, "postgres") as stand:
            before = {process.pid for process in processes_of(place)}
            first = stand.member.pid
            os.kill(stand.supervisor.nursery_pid, signal.SIGKILL)
            await stand.ready_again(first)
            assert Happening.NURSERY_LOST in [event.what for event in stand.events]
            assert not before & {process.pid for process in processes_of(place)}

    asyncio.run(scene())


def test_killing_daemon_and_nursery_at_once_leaves_nothing_but_a_ledger(place: Path) -> None:
    with daemon(place) as process:
        nursery = nursery_of(process)
        process.send_signal(signal.SIGSTOP)
        os.kill(nursery, signal.SIGKILL)
        process.kill()
        all_gone(place)
    assert Ledger(place / "range" / "ledger.jsonl").path.exists()
    with daemon(place) as process:
        nursery_of(process)


def test_paused_processes_do_not_outlive_their_daemon(place: Path) -> None:
    with daemon(place) as process:
        nursery = nursery_of(process)
        for child in processes_of(place):
            if child.pid != nursery:
                child.suspend()
        process.kill()
        all_gone(place)


def test_the_ledger_ends_what_was_left(place: Path) -> None:
    ledger = Ledger(place / "ledger.jsonl")
    with subprocess.Popen(["/bin/sleep", "100"], start_new_session=True) as left:
        ledger.append("left", left.pid)
        with subprocess.Popen(["/bin/sleep", "100"], env=ledger.mark) as marked:
            found = {entry.pid for entry in ledger.clear()}
            assert found == {left.pid, marked.pid}
            assert (left.wait(), marked.wait()) == (-signal.SIGKILL, -signal.SIGKILL)
    assert not ledger.path.exists()
