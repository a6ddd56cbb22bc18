"""The traffic process: reads a plan, runs it, and says each second on standard output how it goes.

It ends by itself when the plan is over. SIGTERM and SIGINT end it early and still write the results. With
`--attached` it takes control lines on standard input (`{"rate": 120}`, `{"stop": true}`) and lives no longer
than its parent: the kernel kills it with the parent (PR_SET_PDEATHSIG on Linux), and the end of standard
input ends it too.

It runs as whoever starts it (the daemon's account, root included), reads its plan and writes ledger and
results in directories of that account. Nothing of a range can reach it but the bytes of its answers:
services run under another account, which cannot signal it, slow it down by priority, or write its files.
Answers are parsed by httptools and json, bounded in size, and never executed or logged unescaped.
"""

import argparse
import asyncio
import contextlib
import ctypes
import gc
import json
import os
import resource
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import uvloop
from pydantic import ValidationError

from drillyard.base.errors import ExitCode, UserError
from drillyard.traffic.engine import Engine
from drillyard.traffic.journeys import journeys
from drillyard.traffic.live import LiveSummary
from drillyard.traffic.plan import TrafficPlan
from drillyard.traffic.priority import be_scheduled_at_once

PR_SET_PDEATHSIG = 1
SPARE_FILES = 64


def load_plan(path: Path) -> TrafficPlan:
    """Read a plan.

    Raises:
        UserError: the file is missing, is no plan, aims at another machine, or names an unknown journey.
    """
    try:
        plan = TrafficPlan.model_validate_json(path.read_bytes())
    except OSError as error:
        raise UserError(
            f"The traffic plan cannot be read: {error.strerror}",
            where=str(path),
            next_step="Name a file that holds a plan as JSON.",
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise UserError(
            f"The traffic plan is wrong: {first['msg']}",
            where=f"{path}, {field}" if field else str(path),
            next_step="Mend that field and start again.",
        ) from error
    check_mix(plan)
    return plan


def check_mix(plan: TrafficPlan) -> None:
    """Hold a plan's mix against the journeys that exist.

    Raises:
        UserError: it names an unknown journey, or gives weight to none.
    """
    known = sorted(journeys())
    unknown = sorted(set(plan.mix) - set(known))
    if unknown:
        raise UserError(
            f"There is no journey {unknown[0]!r}",
            where="mix",
            next_step=f"Journeys are {', '.join(known)}.",
        )
    if plan.mix and not any(plan.mix.values()):
        raise UserError("The mix gives weight to no journey", where="mix", next_step="Give one more than 0.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a plan; the exit code is 0 also when it was stopped early."""
    parser = argparse.ArgumentParser(prog="python -m drillyard.traffic", description=__doc__)
    parser.add_argument("plan", type=Path, help="file with a TrafficPlan as JSON")
    parser.add_argument("--attached", action="store_true", help="obey standard input and die with the parent")
    options = parser.parse_args(arguments)
    if options.attached:
        die_with_parent()
    be_scheduled_at_once()
    try:
        plan = load_plan(options.plan)
        uvloop.run(_run(plan, attached=options.attached))
    except (UserError, OSError) as error:
        print(error, file=sys.stderr)
        return ExitCode.USAGE if isinstance(error, UserError) else ExitCode.BUG
    return ExitCode.OK


def die_with_parent() -> None:
    """Have the kernel kill this process when the thread that started it ends (prctl(2); Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _allow_connections(wanted: int) -> None:
    """Make room for `wanted` connections beside the few files of our own.

    Raises:
        UserError: the system does not allow so many open files.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + SPARE_FILES
    if hard != resource.RLIM_INFINITY and needed > hard:
        raise UserError(
            f"The system allows {hard} open files, and {wanted} requests in flight need {needed}",
            where="max_in_flight",
            next_step=f"Plan at most {hard - SPARE_FILES}, or raise `ulimit -Hn`.",
        )
    if soft != resource.RLIM_INFINITY and needed > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


async def _run(plan: TrafficPlan, *, attached: bool) -> None:
    loop = asyncio.get_running_loop()
    engine = Engine(plan, Announcer(sys.stdout.fileno()))
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, engine.stop)
    if attached:
        os.set_blocking(sys.stdin.fileno(), False)
        loop.add_reader(sys.stdin.fileno(), Control(sys.stdin.fileno(), engine, loop).readable)
    _allow_connections(plan.max_in_flight)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    await engine.run()


class Announcer:
    """Writes summaries to a file descriptor; one that nobody reads is left out rather than waited for."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        os.set_blocking(descriptor, False)

    def __call__(self, summary: LiveSummary) -> None:
        """Write one summary."""
        line = summary.to_json().encode() + b"\n"
        with contextlib.suppress(BlockingIOError, BrokenPipeError):
            os.write(self._descriptor, line)


class Control:
    """Obeys JSON lines on a file descriptor; its end means that the parent is gone."""

    def __init__(self, descriptor: int, engine: Engine, loop: asyncio.AbstractEventLoop) -> None:
        self._descriptor = descriptor
        self._engine = engine
        self._loop = loop
        self._buffer = b""

    def readable(self) -> None:
        """Take what is there."""
        try:
            data = os.read(self._descriptor, 65536)
        except BlockingIOError:
            return
        if not data:
            self._loop.remove_reader(self._descriptor)
            self._engine.stop()
            return
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            self._obey(line)

    def _obey(self, line: bytes) -> None:
        act: dict[str, Callable[[float], None]] = {
            "rate": self._engine.change_rate,
            "stop": lambda _: self._engine.stop(),
        }
        try:
            for name, value in json.loads(line).items():
                act[name](float(value))
        except (ValueError, LookupError, AttributeError, TypeError) as error:
            print(f"control line not understood: {line[:200]!r}: {error!r}", file=sys.stderr, flush=True)
