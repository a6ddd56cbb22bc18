"""A stand: one component of a real range, with only what it requires, started and stopped by a supervisor."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from drillyard.base.clock import until
from drillyard.range.component import Component
from drillyard.range.member import Member, RangeEvent, State
from drillyard.range.range import Range, Settings
from drillyard.range.spec import RangeSpec
from drillyard.range.supervisor import Supervisor
from drillyard.range.workspace import create_workspace

SCALE = 0.02
SPEC = RangeSpec(storefront_replicas=1, sites=True, network=True)
COMPONENTS = (
    "postgres",
    "valkey",
    "haproxy",
    "partner",
    "mailsink",
    "storefront-1",
    "worker-payments",
    "exporter",
    "prometheus",
    "alertmanager",
    "scheduler",
    "network",
)


@dataclass
class Stand:
    """`component` is under test; `others` are what it requires, transitively."""

    component: Component
    others: tuple[Component, ...]
    supervisor: Supervisor
    events: list[RangeEvent] = field(default_factory=list)

    @property
    def member(self) -> Member:
        return self.supervisor.member(self.component.name)

    async def start(self) -> None:
        await self.supervisor.start((*self.others, self.component))

    async def start_strictly(self) -> None:
        """What is not essential may fail at a start; here it may not."""
        await self.start()
        if self.member.state is not State.READY:
            await self.supervisor.restart(self.component.name)

    async def ready_again(self, other_than: int) -> None:
        async def ready() -> bool:
            return self.member.state is State.READY and self.member.pid != other_than

        await until(ready, deadline_s=30, what=f"{self.component.name} is ready again")


async def new_range(directory: Path) -> Range:
    """A range with its workspace released and installed, not started."""
    made = await Range.create(directory / "range", Settings(scale=SCALE, sites=True, network=True))
    made.release(create_workspace(directory / "workspace", made.addresses, made.credentials, history=False))
    if made.host:
        made.host.prepare()
    for component in made.composition.components(SPEC):
        made.releases.current.install(component.kind, component.site)
    return made


@asynccontextmanager
async def standing(directory: Path, name: str, *, start: bool = True) -> AsyncIterator[Stand]:
    """A stand for one component; everything is stopped afterwards."""
    made = await new_range(directory)
    known = {component.name: component for component in made.composition.components(SPEC)}
    events: list[RangeEvent] = []
    supervisor = Supervisor(made.directory, events.append)
    required = tuple(known[other] for other in known[name].requires)
    stand = Stand(known[name], required, supervisor, events)
    try:
        if start:
            await stand.start()
        yield stand
    finally:
        await supervisor.stop()


def processes_of(directory: Path) -> list[psutil.Process]:
    """Every process of the ranges below `directory`, by its marked environment; PostgreSQL's by its place."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
                continue
            mark = process.environ().get("DRILLYARD_RANGE_LEDGER", "")
            postgres = process.name() == "postgres" and Path(process.cwd()).is_relative_to(directory)
        except psutil.Error:
            continue
        if mark.startswith(str(directory)) or postgres:
            found.append(process)
    return found
