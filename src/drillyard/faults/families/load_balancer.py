"""A load balancer that sends requests where it should not, or takes too few."""

from collections.abc import Iterable
from contextlib import suppress

from pydantic import Field

from drillyard.base.errors import UserError
from drillyard.faults.fault import Fault, Memory, Moves, Name
from drillyard.faults.scene import Scene
from drillyard.range.components.haproxy_runtime import Server

REPLICA = "Name of a replica, such as storefront-1."


class _OfServer(Fault):
    """What is done to the server line of one replica."""

    replica: Name = Field(description=REPLICA)

    def claims(self, scene: Scene) -> Iterable[str]:
        """Its server line."""
        return [f"server:{scene.member(self.replica).name}"]

    async def servers(self, scene: Scene) -> list[Server]:
        """Where the replica stands in the load balancer.

        Raises:
            UserError: nowhere.
        """
        if not (found := await self.left(scene)):
            raise UserError(f"The load balancer knows no server that is {self.replica}")
        return found

    async def left(self, scene: Scene) -> list[Server]:
        """The same, at the end: a load balancer that died since, or knows it no more, has nothing to undo."""
        member = scene.range.supervisor.members.get(self.replica)
        if member is None:
            return []
        with suppress(OSError, TimeoutError):
            return await scene.balancer.servers(member.component.site.reach("haproxy"))
        return []


class DeadInRotation(_OfServer):
    """A replica hangs, and the load balancer does not notice, because its health checks are off: it goes on
    sending it requests.
    """

    id = "load-balancer.dead-in-rotation"
    title = "A dead replica stays in rotation"
    undone = "the replica goes on and is checked again"
    moves = (Moves("requests.indeterminate"), Moves("requests.success_ratio", "down"), Moves("latency.p95"))

    def claims(self, scene: Scene) -> Iterable[str]:
        """The process too."""
        return [*super().claims(scene), f"process:{self.replica}"]

    async def begin(self, scene: Scene, memory: Memory) -> None:
        """First nobody looks, then it hangs."""
        for server in await self.servers(scene):
            await scene.balancer.check_health(server, check=False)
        await scene.range.supervisor.freeze(self.replica)

    async def end(self, scene: Scene, memory: Memory) -> None:
        """The other way round."""
        await scene.thaw(self.replica)
        await scene.well(self.replica)
        for server in await self.left(scene):
            await scene.balancer.check_health(server, check=True)


class UnevenWeights(_OfServer):
    """One replica gets a share of the requests that is out of proportion."""

    id = "load-balancer.uneven-weights"
    title = "Replicas get uneven shares"
    undone = "its weight is what it was"
    moves = (Moves("proxy.imbalance"),)

    weight: int = Field(
        default=0, ge=0, le=256, description="Its weight; others have 1 by default. 0: nothing."
    )

    async def look(self, scene: Scene) -> Memory:
        """The weights as they are."""
        return {f"{each.backend}/{each.name}": each.weight for each in await self.servers(scene)}

    async def begin(self, scene: Scene, memory: Memory) -> None:
        """Of each of its lines."""
        for server in await self.servers(scene):
            await scene.balancer.weigh(server, self.weight)

    async def end(self, scene: Scene, memory: Memory) -> None:
        """As it was, unless somebody has set another since."""
        for server in await self.left(scene):
            weight = memory.get(f"{server.backend}/{server.name}")
            if isinstance(weight, int) and server.weight == self.weight:
                await scene.balancer.weigh(server, weight)


class ConnectionLimit(Fault):
    """The load balancer takes only a few connections at once; whoever comes then waits in the kernel's queue
    and sees a shop that is slow to accept.
    """

    id = "load-balancer.connection-limit"
    title = "The front door is too narrow"
    undone = "the limit is what it was"
    moves = (Moves("latency.p99"),)

    connections: int = Field(default=1, ge=1, le=10_000, description="Connections at once.")
    frontend: Name = Field(default="shop", description="Name of the frontend in haproxy.cfg.")

    def claims(self, scene: Scene) -> Iterable[str]:
        """The frontend."""
        return [f"frontend:{self.frontend}"]

    async def look(self, scene: Scene) -> Memory:
        """The limit as it is."""
        limits = await scene.balancer.limits()
        if self.frontend not in limits:
            raise UserError(
                f"haproxy.cfg has no frontend {self.frontend}", next_step=f"It has: {', '.join(limits)}."
            )
        return {"connections": limits[self.frontend]}

    async def begin(self, scene: Scene, memory: Memory) -> None:
        """From now on."""
        await scene.balancer.limit(self.frontend, self.connections)

    async def end(self, scene: Scene, memory: Memory) -> None:
        """As it was, unless somebody has set another since, or it was started anew."""
        before = memory.get("connections")
        with suppress(OSError, TimeoutError):
            now = (await scene.balancer.limits()).get(self.frontend)
            if isinstance(before, int) and now == self.connections:
                await scene.balancer.limit(self.frontend, before)
