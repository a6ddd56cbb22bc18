"""A range with a network and two sites, its customers, and faults put into it."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from drillyard.assess.customers import readings_of
from drillyard.faults.injector import Injector
from drillyard.faults.scene import Scene
from drillyard.measure.reading import Combine, Reading, Window
from drillyard.measure.shift import shifted
from drillyard.measure.site import site_of
from drillyard.measure.watch import Watch
from drillyard.range.range import Range, Settings
from drillyard.range.workspace import create_workspace
from drillyard.traffic.plan import Constant, TrafficPlan
from drillyard.traffic.runner import TrafficProcess

SCALE = 0.02
RATE = 50
MIX = {"browse": 50, "search": 10, "buy": 28, "history": 10, "admin": 2}
SUMS_OVER_S = 5.0

Readings = dict[str, Reading]


@dataclass
class Stand:
    """One range that runs; `seeds` number the runs of traffic."""

    range: Range
    workspace: Path
    directory: Path
    injector: Injector
    over: list[tuple[str, str]]
    seeds: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    async def window(self, seconds: float) -> Readings:
        """Customers for so long, and all that was measured meanwhile; sums are of `SUMS_OVER_S` seconds."""
        watch = Watch(site_of("learner", self.range))
        await watch.begin()
        plan = TrafficPlan(
            target=str(self.range.addresses.endpoint("http")),
            profile=Constant(rate=RATE),
            duration_s=seconds,
            mix=MIX,
            seed=next(self.seeds),
            products=1000,
            customers=400,
            timeout_s=3.0,
            ledger=self.directory / "ledger.jsonl",
            sessions=self.directory / "sessions.json",
        )
        process = await TrafficProcess.start(plan)
        result = await process.result()
        span = Window(result.started, result.ended)
        sheets = await watch.end(span, sum(result.outcomes.values()))
        await watch.close()
        found = {**sheets.readings, **readings_of(result)}
        per = SUMS_OVER_S / span.length_s
        return {
            name: replace(each, value=each.value * per) if each.combine is Combine.SUM else each
            for name, each in found.items()
        }


def moved(name: str, way: Literal["up", "down"], before: Readings, now: Readings) -> bool:
    """Whether a reading is elsewhere than it was, and on that side; one that was not there was 0."""
    if name not in now:
        return False
    was = before[name].value if name in before else 0.0
    return shifted(was, now[name].value, way, now[name].unit)


@asynccontextmanager
async def standing(place: Path) -> AsyncIterator[Stand]:
    settings = Settings(scale=SCALE, monitoring=False, sites=True, network=True)
    made = await Range.create(place / "range", settings)
    overlay = place / "overlay"
    (overlay / "standby").mkdir(parents=True)
    (overlay / "standby" / "postgresql.conf").write_text("hot_standby = on\nshared_buffers = 32MB\n")
    workspace = create_workspace(
        place / "workspace", made.addresses, made.credentials, [overlay], history=False
    )
    made.release(workspace)
    over: list[tuple[str, str]] = []
    try:
        await made.start()
        directory = place / "kept"
        directory.mkdir(exist_ok=True)
        injector = Injector(
            Scene(made), directory / "faults", lambda each, why: why and over.append((each.kind, why))
        )
        yield Stand(made, workspace, directory, injector, over)
    finally:
        await asyncio.shield(made.remove())
