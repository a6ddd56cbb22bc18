"""HAProxy's runtime API: what a rolling restart asks of it.

https://docs.haproxy.org/2.8/management.html#9.3
"""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from drillyard.base.errors import UserError
from drillyard.range.addresses import Endpoint
from drillyard.range.components.asking import ask


@dataclass(frozen=True)
class Server:
    """One server line of one backend."""

    backend: str
    name: str
    endpoint: str
    status: str
    """`UP`, `DOWN`, `DRAIN`, `MAINT`, `no check`, also with a count (`UP 1/2`)."""
    busy: int
    """Requests it works on, and those that wait for it."""
    weight: int = 1
    """Its share of the requests, beside those of the others of its backend (0 to 256)."""


@dataclass(frozen=True)
class Runtime:
    """Questions to one running HAProxy; each raises OSError or TimeoutError when it does not answer, and
    UserError when it refuses.
    """

    socket: Path

    async def info(self) -> Mapping[str, str]:
        """`show info`: `Pid`, `Uptime_sec`, `CurrConns`, ..."""
        lines = (await self._ask("show info")).splitlines()
        return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}

    async def servers(self, endpoint: Endpoint | None = None) -> list[Server]:
        """Every server of every backend, or those that stand for `endpoint`."""
        table = (await self._ask("show stat -1 4 -1")).removeprefix("# ")
        found = [
            Server(
                backend=row["pxname"],
                name=row["svname"],
                endpoint=row["addr"],
                status=row["status"],
                busy=int(row["scur"] or 0) + int(row["qcur"] or 0),
                weight=int(row["weight"] or 0),
            )
            for row in csv.DictReader(io.StringIO(table))
        ]
        return [server for server in found if endpoint is None or server.endpoint == str(endpoint)]

    async def set_state(self, server: Server, state: str) -> None:
        """`drain` takes no new requests, `ready` takes them again, `maint` is out."""
        await self._do(f"set server {server.backend}/{server.name} state {state}")

    async def believe_up(self, server: Server) -> None:
        """Take a server as healthy now, without waiting for the next check; the checks go on."""
        await self._ask(f"set server {server.backend}/{server.name} health up")

    async def check_health(self, server: Server, *, check: bool) -> None:
        """Have a server checked, or leave it as it was seen last."""
        await self._do(f"{'enable' if check else 'disable'} health {server.backend}/{server.name}")

    async def weigh(self, server: Server, weight: int) -> None:
        """Give a server another share (0 to 256)."""
        await self._do(f"set server {server.backend}/{server.name} weight {weight}")

    async def limits(self) -> Mapping[str, int]:
        """How many connections each frontend takes at once."""
        table = (await self._ask("show stat -1 1 -1")).removeprefix("# ")
        return {row["pxname"]: int(row["slim"] or 0) for row in csv.DictReader(io.StringIO(table))}

    async def limit(self, frontend: str, connections: int) -> None:
        """Have a frontend take so many connections at once; others wait in the kernel's queue."""
        await self._do(f"set maxconn frontend {frontend} {connections}")

    async def _do(self, command: str) -> None:
        """What is done says nothing; what is refused says why."""
        if said := (await self._ask(command)).strip():
            raise UserError(f"HAProxy refuses `{command}`: {said}")

    async def _ask(self, command: str) -> str:
        return (await ask(self.socket, f"{command}\n".encode())).decode()
