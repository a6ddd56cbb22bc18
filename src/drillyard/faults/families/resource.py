"""Resources that run out: disk, descriptors, CPU; and a clock that is wrong."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from drillyard.base.errors import Problem
from drillyard.faults.fault import Fault, Memory, Moves, Name
from drillyard.faults.limits import descriptor_limit, limited, require_limits, room_to_grow
from drillyard.faults.scene import Scene
from drillyard.faults.switches import Switched
from drillyard.range.component import Command, Component, Fork

_AGAIN_S = 0.5
_NEIGHBOUR = "neighbour"


class DiskFull(Fault):
    """The files of a component have no room to grow: a disk, or a quota on it, is full. Reading goes on."""

    id = "resource.disk-full"
    title = "A disk is full"
    undone = "there is room again"
    moves = (Moves("jobs.failed"), Moves("business.payment_failures"))
    within_s = 40.0

    component: Literal["partner", "valkey", "prometheus"] = Field(
        default="partner", description="Whose disk; that of the database's log is database.wal-disk-full."
    )
    room_kb: int = Field(default=0, ge=0, le=1_000_000, description="kB that files may still have in all.")

    def claims(self, scene: Scene) -> Iterable[str]:
        """Its process: that one is told that files may not grow."""
        require_limits()
        return [f"process:{scene.member(self.component).name}"]

    async def begin(self, scene: Scene, memory: Memory) -> None:
        """Full."""
        await limited(scene, self.component, file_bytes=self.room_kb * 1024)

    async def during(self, scene: Scene, memory: Memory) -> None:
        """Also for the process that it has next."""
        while True:
            await asyncio.sleep(_AGAIN_S)
            await limited(scene, self.component, file_bytes=self.room_kb * 1024)

    async def end(self, scene: Scene, memory: Memory) -> None:
        """Room."""
        await room_to_grow(scene, self.component)
        await scene.well(self.component)


class FileDescriptors(Fault):
    """A process may have only so few files and connections: whoever has one keeps it, nobody gets another."""

    id = "resource.file-descriptors"
    title = "There are no descriptors left"
    undone = "it may open as many as before"
    moves = (Moves("latency.p99"), Moves("requests.indeterminate"))

    component: Name = Field(default="haproxy", description="Name of a component.")
    most: int = Field(
        default=1, ge=1, le=100_000, description="New ones get a number below this, or are refused."
    )

    def claims(self, scene: Scene) -> Iterable[str]:
        """Its process."""
        require_limits()
        return [f"process:{scene.member(self.component).name}"]

    async def look(self, scene: Scene) -> Memory:
        """What it may open as it is."""
        return {"limit": descriptor_limit(scene, self.component)}

    async def begin(self, scene: Scene, memory: Memory) -> None:
        """What it has open already stays so."""
        await limited(scene, self.component, descriptors=self.most)

    async def end(self, scene: Scene, memory: Memory) -> None:
        """As many as before."""
        await limited(scene, self.component, descriptors=int(str(memory["limit"])))
        await scene.well(self.component)


class CpuContention(Fault):
    """Other processes on the same host use its CPUs, as a noisy neighbour does."""

    id = "resource.cpu-contention"
    title = "A neighbour uses the CPUs"
    undone = "the neighbour is ended"
    moves = (Moves(f"processes.cpu.{_NEIGHBOUR}"), Moves("latency.p95"))

    cores: int = Field(default=2, ge=1, le=64, description="Processes that use all of a core each.")

    def claims(self, scene: Scene) -> Iterable[str]:
        """The host."""
        return ["host:cpu"]

    async def begin(self, scene: Scene, memory: Memory) -> None:
        """They hang under the range's own parent process, and end with it."""
        for number in range(1, self.cores + 1):
            name = f"{_NEIGHBOUR}-{number}"
            await scene.range.supervisor.add(Neighbour(name, scene.range.composition.site(name)))

    async def end(self, scene: Scene, memory: Memory) -> None:
        """All of them."""
        for name in scene.of_kind(_NEIGHBOUR):
            await scene.range.supervisor.remove(name)


class Neighbour(Component):
    """A process that uses a core and nothing else."""

    kind = _NEIGHBOUR
    essential = False
    stop_timeout_s = 1.0

    def command(self) -> Command:
        """Forked; see `faults.neighbour`."""
        return Fork("drillyard.faults.neighbour", "run", cwd=self.site.run)

    async def ready(self) -> bool:
        """As soon as it runs."""
        return True

    def validate(self, files: Mapping[str, Path]) -> Sequence[Problem]:
        """It has no configuration."""
        return []


class ClockSkew(Switched):
    """Replicas take it for later or earlier than it is: cache entries of others are stale or never are, and
    tokens of others are not valid yet, or no more.
    """

    id = "resource.clock-skew"
    title = "A clock is wrong"
    undone = "the switch is turned off"
    moves = (Moves("requests.success_ratio", "down"),)

    replicas: tuple[Name, ...] = Field(
        default=("storefront-1",), max_length=50, description="Whose; none: all."
    )
    skew_s: float = Field(default=-7200.0, ge=-1e7, le=1e7, description="Seconds that it is ahead.")

    def rules(self) -> list[Memory]:
        """None."""
        return []

    def clocks(self) -> list[Memory]:
        """One."""
        return [{"replicas": list(self.replicas), "skew_s": self.skew_s}]
