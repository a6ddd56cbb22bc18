"""Traffic for callers: starts a traffic process, follows it, steers it, and fetches its result."""

import asyncio
import json
import signal
import sys
import tempfile
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Self

from drillyard.base.errors import DrillyardError, ExitCode, UserError
from drillyard.traffic.live import LiveSummary
from drillyard.traffic.plan import TrafficPlan
from drillyard.traffic.process import check_mix
from drillyard.traffic.result import TrafficResult

STOP_TIMEOUT_S = 10.0
KEPT_SUMMARIES = 600
"""Summaries that wait for a reader of `live()`; older ones are dropped."""


class TrafficFailedError(DrillyardError):
    """The traffic process ended without a result; the text is what it said last."""


class TrafficProcess:
    """One run of traffic in a process of its own, which never outlives this one.

    Start it from the main thread of an event loop that lives as long as the run: the kernel kills the traffic
    process when the thread that started it ends.
    """

    def __init__(
        self,
        plan: TrafficPlan,
        process: asyncio.subprocess.Process,
        owned: "tempfile.TemporaryDirectory[str] | None",
    ) -> None:
        self._plan = plan
        self._process = process
        self._owned = owned
        self._summaries: deque[LiveSummary] = deque(maxlen=KEPT_SUMMARIES)
        self._news = asyncio.Condition()
        self._said: deque[str] = deque(maxlen=20)
        self._readers = asyncio.gather(self._follow(), self._listen())
        self.last: LiveSummary | None = None
        """The newest summary."""

    @classmethod
    async def start(cls, plan: TrafficPlan) -> Self:
        """Start a run; results go to `plan.results`, or to a temporary directory when that is None.

        Raises:
            UserError: the plan names an unknown journey, or its directories cannot be written.
        """
        check_mix(plan)
        owned = None
        if plan.results is None:
            owned = tempfile.TemporaryDirectory(prefix="drillyard-traffic-")
            plan = plan.model_copy(update={"results": Path(owned.name)})
        assert plan.results is not None  # set above
        file = plan.results / "plan.json"
        try:
            plan.results.mkdir(parents=True, exist_ok=True)
            (plan.results / "result.json").unlink(missing_ok=True)
            file.write_text(plan.model_dump_json(indent=1))
        except OSError as error:
            raise UserError(
                f"Results of traffic cannot be written: {error.strerror}",
                where=str(plan.results),
                next_step="Name a directory that can be written.",
            ) from error
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "drillyard.traffic", "--attached", str(file),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )  # fmt: skip
        return cls(plan, process, owned)

    @property
    def pid(self) -> int:
        """The process, for measuring what it uses."""
        return self._process.pid

    async def live(self) -> AsyncIterator[LiveSummary]:
        """Summaries, one a second, until the run ends. One reader at a time; each summary is given once."""
        while True:
            async with self._news:
                await self._news.wait_for(lambda: self._summaries or self._readers.done() or self._ended)
                if not self._summaries:
                    return
                summary = self._summaries.popleft()
            yield summary

    async def change_rate(self, rate: float) -> None:
        """Go on at a constant `rate` (requests per second) until the plan's end."""
        await self._tell({"rate": rate})

    async def stop(self) -> None:
        """End early; results are written. Bounded: a process that does not obey is killed."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await self._process.wait()
        except TimeoutError:
            self.kill()
            await self._process.wait()
        await self._readers

    def kill(self) -> None:
        """End at once, without results; what is in the ledger stays."""
        with suppress(ProcessLookupError):
            self._process.kill()

    async def abandon(self) -> None:
        """Kill it, wait until it is gone, and leave nothing of it behind but its ledger."""
        self.kill()
        await self._process.wait()
        await self._readers
        if self._owned is not None:
            self._owned.cleanup()

    async def result(self) -> TrafficResult:
        """Wait for the end of the run and read its result.

        Raises:
            UserError: the process refused the plan.
            TrafficFailedError: it ended without a result.
        """
        code = await self._process.wait()
        await self._readers
        said = "\n".join(self._said)
        if code == ExitCode.USAGE:
            raise UserError(said or "The traffic process refused its plan")
        if code != 0:
            raise TrafficFailedError(f"the traffic process ended with {code}: {said}")
        assert self._plan.results is not None  # set by start
        try:
            return await asyncio.to_thread(TrafficResult.load, self._plan.results)
        finally:
            if self._owned is not None:
                self._owned.cleanup()

    async def _tell(self, message: dict[str, float]) -> None:
        assert self._process.stdin is not None  # a pipe, by start
        with suppress(ConnectionError):
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            await self._process.stdin.drain()

    _ended = False

    async def _follow(self) -> None:
        assert self._process.stdout is not None  # a pipe, by start
        async for line in self._process.stdout:
            with suppress(ValueError, TypeError):
                summary = LiveSummary.from_json(line)
                async with self._news:
                    self.last = summary
                    self._summaries.append(summary)
                    self._news.notify_all()
        async with self._news:
            self._ended = True
            self._news.notify_all()

    async def _listen(self) -> None:
        assert self._process.stderr is not None  # a pipe, by start
        async for line in self._process.stderr:
            self._said.append(line.decode(errors="replace").rstrip())
