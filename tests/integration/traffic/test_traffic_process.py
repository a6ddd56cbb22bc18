"""The traffic process as its callers use it."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from drillyard.base.clock import monotonic, until, wait_until
from drillyard.base.errors import ExitCode, UserError
from drillyard.base.processes import ProcessIdentity
from drillyard.traffic.ledger import WriteClass, read
from drillyard.traffic.plan import Constant
from drillyard.traffic.result import Outcome
from drillyard.traffic.runner import TrafficFailedError, TrafficProcess

Scene = Callable[[], Awaitable[None]]


def play(scene: Scene) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(90):
            await scene()

    asyncio.run(bounded())


async def first_summary(traffic: TrafficProcess) -> None:
    async def seen() -> bool:
        return traffic.last is not None

    await until(seen, deadline_s=30, what="the first summary")


def test_a_run_reports_each_second_and_ends_by_itself(make_plan: Any) -> None:
    async def scene() -> None:
        traffic = await TrafficProcess.start(make_plan(duration_s=3.0))
        summaries = [summary async for summary in traffic.live()]
        result = await traffic.result()
        assert len(summaries) >= 2
        assert sum(s.ok for s in summaries) <= result.outcomes[Outcome.OK] == result.sent_requests
        assert summaries[0].p95_ms is not None
        assert not result.stopped_early
        assert ProcessIdentity.of(traffic.pid) is None

    play(scene)


def test_stop_ends_early_with_results(make_plan: Any) -> None:
    async def scene() -> None:
        traffic = await TrafficProcess.start(make_plan(duration_s=3600, results=None))
        await first_summary(traffic)
        begun = monotonic()
        await traffic.stop()
        result = await traffic.result()
        assert monotonic() - begun < 30
        assert result.stopped_early
        assert result.outcomes[Outcome.OK] > 0

    play(scene)


def test_the_rate_follows_the_control_line(make_plan: Any) -> None:
    async def scene() -> None:
        plan = make_plan(profile=Constant(rate=10), mix={"browse": 1}, duration_s=600)
        traffic = await TrafficProcess.start(plan)
        await first_summary(traffic)
        await traffic.change_rate(200)

        async def faster() -> bool:
            return traffic.last is not None and traffic.last.sent > 100

        await until(faster, deadline_s=30, what="the new rate")
        await traffic.stop()

    play(scene)


def test_a_paused_generator_owns_up_to_it(make_plan: Any) -> None:
    async def scene() -> None:
        plan = make_plan(mix={"browse": 1}, profile=Constant(rate=50), duration_s=3.0)
        traffic = await TrafficProcess.start(plan)
        await first_summary(traffic)
        os.kill(traffic.pid, signal.SIGSTOP)
        await asyncio.sleep(0.7)
        os.kill(traffic.pid, signal.SIGCONT)
        result = await traffic.result()
        assert result.lateness_ms.max() > 300
        assert not result.kept_schedule
        assert result.planned_requests == result.sent_requests == result.outcomes.total()

    play(scene)


def test_killed_generator_leaves_a_readable_ledger_and_no_result(make_plan: Any) -> None:
    async def scene() -> None:
        plan = make_plan(mix={"buy": 1}, duration_s=600)
        traffic = await TrafficProcess.start(plan)
        await until(lambda: _has_entries(plan.ledger), deadline_s=30, what="an order in the ledger")
        traffic.kill()
        with pytest.raises(TrafficFailedError):
            await traffic.result()
        assert all(entry.kind is WriteClass.ACKNOWLEDGED for entry in read(plan.ledger))

    play(scene)


async def _has_entries(ledger: Path) -> bool:
    return any(True for _ in read(ledger))


def test_it_dies_with_its_parent(make_plan: Any, tmp_path: Path) -> None:
    plan = make_plan(duration_s=3600)
    file = tmp_path / "plan.json"
    file.write_text(plan.model_dump_json())
    parent = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-m', 'drillyard.traffic', '--attached', sys.argv[1]],"
        " stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)\n"
        "child.stdout.readline()\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", parent, str(file)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        child = ProcessIdentity.of(int(process.stdout.readline()))
        assert child is not None
        process.kill()
    wait_until(lambda: not child.alive(), deadline_s=5, what="the traffic process is gone")


def test_the_end_of_standard_input_ends_it(make_plan: Any, tmp_path: Path) -> None:
    plan = make_plan(duration_s=3600)
    file = tmp_path / "plan.json"
    file.write_text(plan.model_dump_json())
    with subprocess.Popen(
        [sys.executable, "-m", "drillyard.traffic", "--attached", str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        process.stdin.close()
        assert process.wait(timeout=20) == 0
        process.stdout.read()


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (
            '{"target": "10.1.2.3:80", "profile": {"kind": "constant", "rate": 1}, "duration_s": 1}',
            "loopback",
        ),
        ('{"target": "127.0.0.1:80", "profile": {"kind": "constant", "rate": -1}, "duration_s": 1}', "rate"),
        ("{", "JSON"),
        (
            '{"target": "127.0.0.1:80", "profile": {"kind": "constant", "rate": 1}, "duration_s": 1,'
            ' "mix": {"loiter": 1}}',
            "Journeys are",
        ),
    ],
)
def test_a_wrong_plan_is_refused_in_one_paragraph(plan: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text(plan)
    done = subprocess.run(
        [sys.executable, "-m", "drillyard.traffic", str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == ExitCode.USAGE
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_journey_is_refused_before_anything_starts(make_plan: Any) -> None:
    async def scene() -> None:
        with pytest.raises(UserError, match="Journeys are admin, browse"):
            await TrafficProcess.start(make_plan(mix={"loiter": 1}))

    play(scene)
