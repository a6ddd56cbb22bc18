"""What the learner's range reads over the next seconds: for probes of experiments."""

import asyncio
from collections.abc import Iterator

import numpy as np
from pydantic import BaseModel, ConfigDict

from drillyard.base.clock import monotonic, wall
from drillyard.base.errors import UserError
from drillyard.drill.engine import Engine
from drillyard.drill.making import LEARNER
from drillyard.drill.subjects import requests_of
from drillyard.measure.reading import Window
from drillyard.measure.site import site_of
from drillyard.measure.watch import Watch
from drillyard.traffic.outcomes import Outcomes, Tail

LONGEST_S = 60.0
PATIENCE_S = 2.0
"""A look is soon over, also where something hangs: one wants to see what the shop does then."""
ENOUGH_DUE = 20.0
"""When so many requests are due and none ends, it is no chance."""
_PERCENTILES = (50, 95, 99)
_OF_QUEUES, _LOOKED = ("queue.depth.", "queue.oldest.", "queue.delayed."), "queue.depth_max"
_CUSTOMERS = "the record of the background customers' requests"


class ReadingView(BaseModel):
    """One reading, by its name in docs/readings.md."""

    model_config = ConfigDict(frozen=True)

    name: str
    value: float
    unit: str
    source: str


class ReadingsView(BaseModel):
    """Readings of the time from `began` to `ended` (seconds since the epoch); `gaps` say what is missing and
    why, by the beginning of its names.
    """

    model_config = ConfigDict(frozen=True)

    began: float
    ended: float
    readings: list[ReadingView]
    gaps: dict[str, str] = {}


class KnownQueues:
    """The queues that were seen since the daemon began: the broker keeps no key of an empty one, and to be
    empty is the best that can be read of it.
    """

    def __init__(self) -> None:
        self._seen: dict[str, ReadingView] = {}

    def complete(self, view: ReadingsView) -> ReadingsView:
        """With 0 for the queues that were seen before and are not there now; nothing where nobody could look
        at the broker.
        """
        there = {each.name for each in view.readings}
        self._seen |= {each.name: each for each in view.readings if each.name.startswith(_OF_QUEUES)}
        if _LOOKED not in there:
            return view
        empty = [
            each.model_copy(update={"value": 0.0}) for name, each in self._seen.items() if name not in there
        ]
        return view.model_copy(update={"readings": [*view.readings, *empty]})


async def readings_now(engine: Engine, seconds: float) -> ReadingsView:
    """Look for so many seconds. Requests count that ended in that time, whenever they were planned.

    Raises:
        UserError: the range does not run, or it would take too long.
    """
    range_ = engine.running
    if not 0 < seconds <= LONGEST_S:
        raise UserError(f"Readings are taken over at most {LONGEST_S:g} seconds, not {seconds:g}")
    watch = Watch(site_of(LEARNER, range_), patience_s=PATIENCE_S)
    try:
        await watch.begin()
        tail, began = Tail(requests_of(engine.places.private)), wall()
        await asyncio.sleep(seconds)
        ended = wall()
        due = _due(engine, seconds)
        found = list(_of_customers(await asyncio.to_thread(tail.more), due))
        requests = next((int(each.value) for each in found if each.name == "requests.count"), 0)
        sheets = await watch.end(Window(began, ended), requests)
    finally:
        await watch.close()
    views = [
        ReadingView(name=each.name, value=each.value, unit=each.unit.value, source=each.source)
        for each in sheets.readings.values()
    ]
    gaps = {gap.prefix: gap.reason for gap in sheets.gaps}
    return ReadingsView(began=began, ended=ended, readings=[*found, *views], gaps=gaps)


def _due(engine: Engine, seconds: float) -> float:
    """How many requests began meanwhile, or would have; 0 while no customers come."""
    customers = engine.customers
    if customers is None or not customers.here:
        return 0.0
    return customers.rate * min(seconds, monotonic() - customers.since)


def _of_customers(found: Outcomes, due: float) -> Iterator[ReadingView]:
    """Of `due` requests of which none has ended, none was answered well: everybody still waits."""
    count = int(found.good.size)
    yield ReadingView(name="requests.count", value=count, unit="", source=_CUSTOMERS)
    if not count:
        if due >= ENOUGH_DUE:
            yield ReadingView(name="requests.success_ratio", value=0.0, unit="ratio", source=_CUSTOMERS)
        return
    share = float(found.good.mean())
    yield ReadingView(name="requests.success_ratio", value=share, unit="ratio", source=_CUSTOMERS)
    for rank in _PERCENTILES:
        value = float(np.percentile(found.latency_ms, rank))
        yield ReadingView(name=f"latency.p{rank}", value=value, unit="ms", source=_CUSTOMERS)
