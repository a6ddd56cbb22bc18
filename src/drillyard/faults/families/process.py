"""Processes that end, stop, hang or eat."""

import asyncio
import signal
from collections.abc import Iterable

from pydantic import Field

from drillyard.base.errors import UserError
from drillyard.faults.fault import Fault, Memory, Moves, Name
from drillyard.faults.scene import Scene
from drillyard.faults.switches import Switched
from drillyard.range.member import State

COMPONENT = "Name of the component, as `drill status` shows it."


class _OfComponent(Fault):
    """What is done to one component."""

    component: Name = Field(description=COMPONENT)

    def claims(self, scene: Scene) -> Iterable[str]:
        """Its process."""
        return [f"process:{scene.member(self.component).name}"]

    async def look(self, scene: Scene) -> Memory:
        """What does not run cannot be hit."""
        if scene.member(self.component).state is not State.READY:
            raise UserError(f"{self.component} does not run", next_step="See: drill status")
        return {}

    async def end(self, scene: Scene, memory: Memory) -> None:
        """It is started again by the range, as by any service manager."""
        await scene.well(self.component)


class Kill(_OfComponent):
    """The component gets the signal that asks it to stop: it may finish what it has in work. The range
    starts it again at once, as a service manager does.
    """

    id = "process.kill"
    title = "A process is asked to end"
    undone = "the range starts it again by itself"
    moves = (Moves("processes.restarts"),)

    async def begin(self, scene: Scene, memory: Memory) -> None:
        """Once."""
        await scene.range.kill(self.component, scene.member(self.component).component.stop_signal)


class Kill9(_OfComponent):
    """The component gets SIGKILL: what it had in memory and in work is gone, connections to it are cut. The
    range starts it again at once.
    """

    id = "process.kill-9"
    title = "A process dies"
    undone = "the range starts it again by itself"
    moves = (Moves("processes.restarts"),)

    async def begin(self, scene: Scene, memory: Memory) -> None:
        """With all below it, as the kernel's own killer would take a whole service."""
        await scene.range.supervisor.kill(self.component, signal.SIGKILL, tree=True)


class Pause(_OfComponent):
    """The component and all below it are stopped (SIGSTOP): connections to it are accepted by the kernel and
    stay open, and nobody answers. A dead process is noticed at once, a hanging one only by whoever has a
    timeout.
    """

    id = "process.pause"
    title = "A process hangs"
    undone = "SIGCONT"
    moves = (
        Moves("latency.p99"),
        Moves("requests.indeterminate"),
        Moves("proxy.servers.up", "down"),
        Moves("queue.oldest_max"),
    )

    async def begin(self, scene: Scene, memory: Memory) -> None:
        """Stop it."""
        await scene.range.supervisor.freeze(self.component)

    async def end(self, scene: Scene, memory: Memory) -> None:
        """Let it go on."""
        await scene.thaw(self.component)
        await scene.well(self.component)


class RestartLoop(_OfComponent):
    """The component dies (SIGKILL) again and again, each time soon after it became ready: the range starts it
    with growing pauses.
    """

    id = "process.restart-loop"
    title = "A process crashes in a loop"
    undone = "it is left alone; the range starts it a last time"
    moves = (Moves("processes.restarts"),)
    within_s = 30.0

    every_s: float = Field(default=2.0, ge=0.5, le=60, description="Seconds between two deaths.")

    async def begin(self, scene: Scene, memory: Memory) -> None:
        """The first death comes at once."""

    async def during(self, scene: Scene, memory: Memory) -> None:
        """Kill whatever runs."""
        while True:
            await scene.range.supervisor.kill(self.component, signal.SIGKILL, tree=True)
            await asyncio.sleep(self.every_s)


class SlowStart(_OfComponent):
    """The component is stopped in order and comes back only after a while, as one does that has caches to
    fill or a journal to read.
    """

    id = "process.slow-start"
    title = "A process is slow to start"
    undone = "it is started"
    moves = (Moves("services.down"), Moves("processes.restarts"))
    within_s = 30.0

    takes_s: float = Field(default=10.0, ge=1, le=300, description="Seconds until it begins to start.")

    async def begin(self, scene: Scene, memory: Memory) -> None:
        """Stop it."""
        await scene.range.supervisor.shut(self.component)

    async def during(self, scene: Scene, memory: Memory) -> None:
        """Start it when the time has come."""
        await asyncio.sleep(self.takes_s)
        await scene.come_back(self.component)
        await super().during(scene, memory)


class _InReplica(Switched):
    """What the shop's own chaos switches do inside a replica."""

    component: Name = Field(description="Name of a replica, such as storefront-1.")

    async def look(self, scene: Scene) -> Memory:
        """Only a replica has the switches."""
        scene.member_of("storefront", self.component)
        return await super().look(scene)


class MemoryLeak(_InReplica):
    """Each request leaves memory behind in the replica, up to 256 MB in all."""

    id = "process.memory-leak"
    title = "A replica leaks memory"
    undone = "the switch is turned off and the memory is given back to the process"
    moves = (Moves("processes.memory.storefront"),)

    leak_kb: int = Field(default=512, ge=1, le=10_240, description="kB that each request leaves behind.")

    def rules(self) -> list[Memory]:
        """One for all routes."""
        return [{"replicas": [self.component], "route": "/*", "leak_kb": self.leak_kb}]


class CpuBurn(_InReplica):
    """Each request burns CPU in the replica, and everything else in that process waits meanwhile: a regular
    expression gone wild, or JSON that is too large.
    """

    id = "process.cpu-burn"
    title = "A replica burns CPU"
    undone = "the switch is turned off"
    moves = (Moves("processes.cpu.storefront"), Moves("latency.p95"))

    burn_ms: int = Field(default=40, ge=1, le=10_000, description="Milliseconds of CPU for each request.")

    def rules(self) -> list[Memory]:
        """One for all routes."""
        return [{"replicas": [self.component], "route": "/*", "burn_ms": self.burn_ms}]
