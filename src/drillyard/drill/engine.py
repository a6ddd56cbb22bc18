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
from typing import TYPE_CHECKING, Any, Literal

from pydantic import JsonValue

from drillyard.base.clock import monotonic, wall
from drillyard.base.errors import UserError
from drillyard.base.tasks import to_its_end
from drillyard.drill.aftermath import require_no_disaster
from drillyard.drill.events import ComponentEvent, DaemonStarted, DaemonStopped
from drillyard.drill.making import Maker
from drillyard.drill.operations import Operations, Reporter
from drillyard.drill.places import Places, Record
from drillyard.drill.store import Store
from drillyard.drill.wire import Request, Start
from drillyard.range.member import Happening, RangeEvent
from drillyard.range.range import Range

if TYPE_CHECKING:
    from drillyard.drill.customers import Customers
    from drillyard.drill.subjects import Subjects
    from drillyard.faults.injector import Injector

log = logging.getLogger(__name__)

IDLE_END_S = 30.0
"""A daemon without a range ends after this long without a question; the next command starts it again."""
RETIRE_S = 1.0
"""After a pause or a stop it ends this soon: time to tell whoever is watching."""

Desired = Literal["running", "paused", "stopped"]
_TOLD = (Happening.DIED, Happening.RESTARTED, Happening.FAILED, Happening.NURSERY_LOST)


class Engine:
    """One drill while its daemon lives."""

    def __init__(self, places: Places, record: Record, store: Store) -> None:
        self.places = places
        self.record = record
        self.store = store
        self.maker = Maker(places, record, store)
        self.operations = Operations(store, self._perform, places.log)
        self.range: Range | None = None
        self.customers: Customers | None = None
        self.subjects: Subjects | None = None
        self.faults: Injector | None = None
        self.since = wall()
        self.recovered = ""
        self._seen_at = monotonic()
        self._idle_end_s = IDLE_END_S

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
        self._idle_end_s = IDLE_END_S if state == "running" else RETIRE_S

    @property
    def running(self) -> Range:
        """The learner's range.

        Raises:
            UserError: it does not run.
        """
        if self.range is None:
            remedy = {"paused": "Go on: drill resume", "stopped": "Start another: drill start SCENARIO"}
            raise UserError(
                f"The range does not run: the drill is {self.desired}"
                if self.desired in remedy
                else "The range does not run",
                next_step=remedy.get(self.desired, "Start it: drill resume"),
            )
        return self.range

    def require_calm(self) -> None:
        """Nothing is measured or judged in the middle of a disaster or a fault.

        Raises:
            UserError: one is open, or on.
        """
        require_no_disaster(self.places)
        if self.faults and self.faults.on:
            first = self.faults.on[0]
            raise UserError(
                f"Fault {first.number} ({first.kind}) is on: nothing can be judged meanwhile",
                next_step=f"Wait until it is over, or end it: drill fault end {first.number}",
            )

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

    async def release(self) -> None:
        """End what is wrong on purpose; stop the customers, the subjects and the range."""
        if self.faults:
            await to_its_end(self.faults.close())
            self.faults = None
        if self.customers:
            await self.customers.leave()
        if self.subjects:
            await self.subjects.stop()
        range_, self.range = self.range, None
        if range_:
            await range_.stop()

    def heard(self, event: RangeEvent) -> None:
        """Something happened by itself in the learner's range."""
        if event.what in _TOLD:
            self.store.append(
                ComponentEvent(what=event.what.value, component=event.component, detail=event.detail),
                at=event.at,
            )

    def seen(self) -> None:
        """Somebody asked something."""
        self._seen_at = monotonic()

    async def idle(self) -> None:
        """Returns when nobody needs this daemon any more."""
        while True:
            await asyncio.sleep(0.25)
            busy = self.range is not None or self.operations.current is not None
            if busy:
                self._seen_at = monotonic()
            elif monotonic() - self._seen_at > self._idle_end_s:
                return

    async def _perform(self, request: Request, report: Reporter) -> JsonValue:
        module = await asyncio.to_thread(importlib.import_module, f"drillyard.drill.work.{request.kind}")
        run: Callable[[Engine, Any, Reporter], Awaitable[JsonValue]] = module.run
        return await run(self, request, report)
