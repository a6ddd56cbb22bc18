"""Restarting replicas one at a time through the load balancer, so that no customer notices.

Drain (HAProxy sends a replica nothing new), wait until it is idle, restart, wait until the load balancer's
own check finds it up, and only then the next. The only replica that serves cannot be drained: then customers
are held for the moment that its restart takes.
"""

from collections.abc import Iterable
from contextlib import suppress

from drillyard.base.clock import until
from drillyard.base.errors import DeadlineError
from drillyard.range.components.haproxy import HAProxy
from drillyard.range.components.haproxy_runtime import Runtime, Server
from drillyard.range.holding import held
from drillyard.range.member import State
from drillyard.range.supervisor import Supervisor

DRAIN_S = 5.0
"""A request that takes longer is cut by the replica's own graceful stop."""
UP_S = 10.0


async def rolling_restart(supervisor: Supervisor, names: Iterable[str]) -> None:
    """Restart the components `names` one after the other.

    Raises:
        UserError: one did not come up again; those after it were not touched.
    """
    for name in names:
        await _restart_drained(supervisor, name)


async def drain(supervisor: Supervisor, name: str) -> None:
    """Take a replica out for good: it gets no new requests, and those it had are answered (bounded)."""
    runtime = _balancer(supervisor)
    servers = await _servers(supervisor, runtime, name) if runtime else []
    if runtime and servers:
        for server in servers:
            await runtime.set_state(server, "drain")
        await _idle(runtime, servers)


async def _restart_drained(supervisor: Supervisor, name: str) -> None:
    runtime = _balancer(supervisor)
    servers = await _servers(supervisor, runtime, name) if runtime else []
    if runtime is None or not servers:
        await supervisor.restart(name)
        return
    if not await _others_serve(runtime, servers):
        async with held(supervisor, [supervisor.member(name).component.site.addresses.endpoint(name)]):
            await supervisor.restart(name)
        return
    for server in servers:
        await runtime.set_state(server, "drain")
    try:
        await _idle(runtime, servers)
        await supervisor.restart(name)
    finally:
        for server in servers:
            await runtime.set_state(server, "ready")
    await _up(runtime, servers)


async def open_doors(supervisor: Supervisor) -> None:
    """Tell the load balancer which replicas are ready, right after a start.

    It was there first and found nobody; its next check may be half a second away. Replicas are asked by a
    real request before this, and its own checks decide from then on.
    """
    if (runtime := _balancer(supervisor)) is None:
        return
    ready = [
        member.name
        for member in supervisor.members.values()
        if member.component.kind == "storefront" and member.state is State.READY
    ]
    for name in ready:
        for server in await _servers(supervisor, runtime, name):
            if server.status.startswith("DOWN"):
                await runtime.believe_up(server)


def _balancer(supervisor: Supervisor) -> Runtime | None:
    for member in supervisor.members.values():
        if isinstance(member.component, HAProxy) and member.state is State.READY:
            return member.component.runtime
    return None


async def _servers(supervisor: Supervisor, runtime: Runtime, name: str) -> list[Server]:
    component = supervisor.member(name).component
    if name not in component.site.addresses.ports:
        return []
    return await runtime.servers(component.site.reach("haproxy"))


async def _others_serve(runtime: Runtime, servers: list[Server]) -> bool:
    """Whether each backend has another server up: draining the only one would refuse every customer."""
    mine = {(server.backend, server.name) for server in servers}
    up = {
        server.backend
        for server in await runtime.servers()
        if (server.backend, server.name) not in mine and _is_up(server)
    }
    return bool(servers) and all(server.backend in up for server in servers)


def _is_up(server: Server) -> bool:
    return server.status.startswith(("UP", "no check"))


async def _now(runtime: Runtime, servers: list[Server]) -> list[Server]:
    wanted = {(server.backend, server.name) for server in servers}
    return [server for server in await runtime.servers() if (server.backend, server.name) in wanted]


async def _idle(runtime: Runtime, servers: list[Server]) -> None:
    async def idle() -> bool:
        return all(server.busy == 0 for server in await _now(runtime, servers))

    with suppress(DeadlineError):  # its graceful stop gives what is left a little longer
        await until(idle, deadline_s=DRAIN_S, what="the replica is idle", every_s=0.02)


async def _up(runtime: Runtime, servers: list[Server]) -> None:
    async def up() -> bool:
        return all(_is_up(server) for server in await _now(runtime, servers))

    await until(up, deadline_s=UP_S, what="the load balancer finds the replica up", every_s=0.02)
