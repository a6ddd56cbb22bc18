"""The two ranges beside the learner's: the twin (untouched, same variant) and par (reference solution).

They are made when a measurement first needs them, on addresses of their own that nothing of the learner's
names and with passwords of their own, and stopped when they were not used for a while. Each keeps its ledger
of writes.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

from drillyard.assess.subject import Subject
from drillyard.drill.making import LEARNER, Maker, Tell
from drillyard.measure.site import site_of
from drillyard.range.member import RangeEvent
from drillyard.range.range import Range

KEPT_WARM_S = 600.0
"""A subject that was not measured for this long is stopped; its data stay for the next time."""


class Subjects:
    """The ranges of one drill, as measurements see them.

    `maker` makes them, `learner` gives the learner's range (or raises when it does not run), `private` is
    where the ledgers are kept.
    """

    def __init__(self, maker: Maker, learner: Callable[[], Range], private: Path) -> None:
        self._maker = maker
        self._learner = learner
        self._private = private
        self._running: dict[str, Range] = {}
        self._cooling: asyncio.Task[None] | None = None

    async def get(self, names: tuple[str, ...], tell: Tell) -> list[Subject]:
        """These subjects, running; those that are not are started.

        Raises:
            UserError: one could not be started, or the learner's range does not run.
        """
        if self._cooling:
            self._cooling.cancel()
            self._cooling = None
        found = []
        for name in names:
            if name == LEARNER:
                range_ = self._learner()
            else:
                range_ = self._running.get(name) or await self._start(name, tell)
            found.append(self._subject(name, range_))
        return found

    def range_of(self, name: str) -> Range:
        """The range of a subject that `get` gave."""
        return self._learner() if name == LEARNER else self._running[name]

    def done(self) -> None:
        """They are not needed for now; they are stopped after a while."""
        self._cooling = asyncio.create_task(self._cool())

    async def stop(self) -> None:
        """Stop them now."""
        if self._cooling:
            self._cooling.cancel()
            self._cooling = None
        while self._running:
            _, range_ = self._running.popitem()
            await range_.stop()

    async def forget(self) -> None:
        """Stop and remove them: the next measurement makes them anew."""
        await self.stop()
        for name in ("twin", "par"):
            await asyncio.to_thread(self._maker.forget, name)

    async def _cool(self) -> None:
        await asyncio.sleep(KEPT_WARM_S)
        self._cooling = None
        await self.stop()

    async def _start(self, name: str, tell: Tell) -> Range:
        tell(f"starting {name}", None)
        # Not what is started there: how many there are of each is a part of par's solution.
        range_ = await self._maker.bring_up(name, _unheard, _untold)
        self._running[name] = range_
        return range_

    def _subject(self, name: str, range_: Range) -> Subject:
        (self._private / "ledger").mkdir(mode=0o700, exist_ok=True)
        ledger, sessions = ledger_of(self._private, name), sessions_of(self._private, name)
        return Subject(site_of(name, range_), ledger, sessions)


def ledger_of(private: Path, subject: str) -> Path:
    """Where the writes that a subject's customers were promised are entered."""
    return private / "ledger" / f"{subject}.jsonl"


def sessions_of(private: Path, subject: str) -> Path:
    """Where the traffic keeps the tokens of a subject's customers."""
    return private / "ledger" / f"{subject}-sessions.json"


def requests_of(private: Path) -> Path:
    """Where it is kept how every request of the learner's background customers ended."""
    return private / "ledger" / "learner-requests"


def _untold(_message: str, _done: float | None) -> None:
    return


def _unheard(_event: RangeEvent) -> None:
    """What happens by itself in a twin is told by its readings."""
