"""The heart of the daemon: one drill with its range, its customers and its operations.

This module imports little on purpose: the range's processes are started before anything heavy is imported.
Every operation is a module in `drillyard.drill.work` with one function `run(engine, request, report)`,
imported when it is first asked for, in a thread.
"""

import asyncio
import importlib
import logging
import os
from collections.abc import Awaitable, Callable
from typing import Any, Literal

from pydantic import JsonValue

from drillyard.base.clock import monotonic, wall
from drillyard.drill.events import DaemonStarted, DaemonStopped
from drillyard.drill.operations import Operations, Reporter
from drillyard.drill.places import Places, Record
from drillyard.drill.store import Store
from drillyard.drill.wire import Request, Start
from drillyard.range.range import Range

log = logging.getLogger(__name__)

IDLE_END_S = 120.0
"""A daemon without a range ends after this long without a question; the next command starts it again."""

Desired = Literal["running", "paused", "stopped"]


class Engine:
    """One drill while its daemon lives."""

    def __init__(self, places: Places, record: Record, store: Store) -> None:
        self.places = places
        self.record = record
        self.store = store
        self.operations = Operations(store, self._perform, places.log)
        self.range: Range | None = None
        self.since = wall()
        self.recovered = ""
        self._seen_at = monotonic()
        self._closers: list[Callable[[], Awaitable[None]]] = []

    @property
    def desired(self) -> Desired:
        """What the learner wants of the range; survives daemons and reboots."""
        match self.store.get("desired", "running"):
            case "paused":
                return "paused"
            case "stopped":
                return "stopped"
            case _:
                return "running"

    def desire(self, state: Desired) -> None:
        """Keep what the learner wants of the range."""
        self.store.set("desired", state)
        self.since = wall()

    async def begin(self) -> None:
        """Take the drill over from whoever had it, and bring its range up if that is wanted."""
        crashed = self.store.get("daemon") == "up"
        self.store.set("daemon", "up")
        self.store.append(DaemonStarted(pid=os.getpid(), recovered=crashed))
        interrupted = self.operations.close_interrupted()
        for attempt in self.store.attempts():
            if attempt.state == "running":
                self.store.update_attempt(attempt.id, state="interrupted", stage=attempt.stage)
        if crashed:
            kinds = ", ".join(view.request.kind for view in interrupted)
            self.recovered = "The drill's daemon had ended unexpectedly; the range was started again." + (
                f" Cut short: {kinds}." if kinds else ""
            )
        if self.desired == "running":
            await self.operations.begin(Start())

    async def end(self) -> None:
        """Stop everything in order; what the learner wants of the range stays as it was."""
        if current := self.operations.current:
            await self.operations.cancel(current.id)
        await self.release()
        self.store.append(DaemonStopped())
        self.store.set("daemon", "down")

    def on_release(self, close: Callable[[], Awaitable[None]]) -> None:
        """Have `close` called before the learner's range stops (customers, subjects); last added first."""
        self._closers.append(close)

    async def release(self) -> None:
        """Stop the customers, the subjects and the range."""
        while self._closers:
            await self._closers.pop()()
        if self.range:
            await self.range.stop()
            self.range = None

    def seen(self) -> None:
        """Somebody asked something."""
        self._seen_at = monotonic()

    async def idle(self) -> None:
        """Returns when nobody needs this daemon any more."""
        while True:
            await asyncio.sleep(5)
            busy = self.range is not None or self.operations.current is not None
            if not busy and monotonic() - self._seen_at > IDLE_END_S:
                return

    async def _perform(self, request: Request, report: Reporter) -> JsonValue:
        module = await asyncio.to_thread(importlib.import_module, f"drillyard.drill.work.{request.kind}")
        run: Callable[[Engine, Any, Reporter], Awaitable[JsonValue]] = module.run
        return await run(self, request, report)
