"""Holding every customer for a moment, for what cannot be replaced while requests are in work."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from drillyard.base.clock import until
from drillyard.base.errors import DeadlineError
from drillyard.range.addresses import Endpoint
from drillyard.range.components.asking import ask
from drillyard.range.components.haproxy import HAProxy
from drillyard.range.member import State
from drillyard.range.supervisor import Supervisor

ANSWERED_S = 5.0
"""A request that takes longer is not waited for."""
_IN_PROGRESS = re.compile(rb"^http_requests_in_progress (?P<count>[\d.]+)", re.MULTILINE)


@asynccontextmanager
async def held(supervisor: Supervisor, replicas: Sequence[Endpoint]) -> AsyncIterator[None]:
    """While the block lasts, customers wait: HAProxy is stopped by SIGSTOP, the kernel keeps their requests.

    It begins when the replicas have answered what they had in work. Customers see a slow answer, not a failed
    one; the same idea as PAUSE in PgBouncer (https://www.pgbouncer.org/usage.html#pause-db). Where HAProxy
    does not run, there are no customers to hold.
    """
    names = [
        member.name
        for member in supervisor.members.values()
        if isinstance(member.component, HAProxy) and member.state is State.READY
    ]
    try:
        for name in names:
            await supervisor.freeze(name)
        if names:
            await _answered(replicas)
        yield
    finally:
        for name in names:
            await supervisor.thaw(name)


async def _answered(replicas: Sequence[Endpoint]) -> None:
    async def quiet() -> bool:
        return all([await _quiet(replica) for replica in replicas])

    with suppress(DeadlineError):
        await until(quiet, deadline_s=ANSWERED_S, what="requests are answered", every_s=0.02)


async def _quiet(replica: Endpoint) -> bool:
    """Whether the replica has nothing in work; our own question counts as one. A dead one has nothing."""
    question = f"GET /metrics HTTP/1.1\r\nHost: {replica}\r\nConnection: close\r\n\r\n".encode()
    try:
        answer = await ask(replica, question)
    except (OSError, TimeoutError):
        return True
    found = _IN_PROGRESS.search(answer)
    return found is None or float(found["count"]) <= 1
