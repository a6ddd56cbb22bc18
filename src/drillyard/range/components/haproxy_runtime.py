"""HAProxy's runtime API: what a rolling restart asks of it.

https://docs.haproxy.org/2.8/management.html#9.3
"""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

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


@dataclass(frozen=True)
class Runtime:
    """Questions to one running HAProxy; each raises OSError or TimeoutError when it does not answer."""

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
            )
            for row in csv.DictReader(io.StringIO(table))
        ]
        return [server for server in found if endpoint is None or server.endpoint == str(endpoint)]

    async def set_state(self, server: Server, state: str) -> None:
        """`drain` takes no new requests, `ready` takes them again, `maint` is out."""
        await self._ask(f"set server {server.backend}/{server.name} state {state}")

    async def believe_up(self, server: Server) -> None:
        """Take a server as healthy now, without waiting for the next check; the checks go on."""
        await self._ask(f"set server {server.backend}/{server.name} health up")

    async def _ask(self, command: str) -> str:
        return (await ask(self.socket, f"{command}\n".encode())).decode()
