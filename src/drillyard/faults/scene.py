"""The range that something is done to, and the ways of doing it that disasters and faults share."""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg
import valkey.asyncio as valkey

from drillyard.base.clock import until
from drillyard.base.errors import UserError
from drillyard.range.component import Component
from drillyard.range.components.haproxy import HAProxy
from drillyard.range.components.haproxy_runtime import Runtime
from drillyard.range.credentials import DATABASE, SUPERUSER
from drillyard.range.member import Member, State
from drillyard.range.ops.host import Host
from drillyard.range.privileges import keeper, write_file
from drillyard.range.range import Range

_ENDED_WITHIN_S = 10.0
_WELL_WITHIN_S = 40.0
_ANSWER_S = 5.0
_CONNECT_S = 3
_PATIENT = (
    "-c search_path=pg_catalog -c statement_timeout=0 -c lock_timeout=0"
    " -c idle_in_transaction_session_timeout=0 -c transaction_timeout=0 -c idle_session_timeout=0"
)
"""Limits of the shop's are not for what is done to it; nor is a function that somebody made in its schema."""
APPLICATION = "drillyard-fault"
"""How what is done to the database introduces itself, where it does."""
Say = Callable[[str], None]


def _quiet(_: str) -> None:
    return


@dataclass(frozen=True)
class Scene:
    """The range that is struck, and chance. `patience_s` is how long a fault that nobody may notice lasts
    before the blow (an hour of a real shop, squeezed into minutes).
    """

    range: Range
    chance: random.Random = field(default_factory=random.Random)
    patience_s: float = 90.0
    say: Say = _quiet
    partner_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Whoever changes the partner's switches reads them first, and sets all of them."""

    @property
    def host(self) -> Host:
        """Its sites.

        Raises:
            UserError: the range has none.
        """
        if self.range.host is None:
            raise UserError("This scenario's shop has no second site", next_step="See: drill list")
        return self.range.host

    def data_of(self, component: str) -> Path:
        """Where a component keeps its data."""
        return self.range.composition.site(component).data

    def config_of(self, component: str) -> Path:
        """Where a component finds its configuration."""
        return self.range.composition.site(component).config

    def member(self, component: str) -> Member:
        """A component of the range that runs.

        Raises:
            UserError: there is none of that name.
        """
        return self.range.supervisor.member(component)

    def member_of(self, kind: str, component: str) -> Member:
        """A component of one kind.

        Raises:
            UserError: there is none of that name, or it is another kind's.
        """
        member = self.member(component)
        if member.component.kind != kind:
            raise UserError(
                f"{component} is none of the kind {kind}",
                next_step=f"There are: {', '.join(self.of_kind(kind))}.",
            )
        return member

    def of_kind(self, kind: str) -> list[str]:
        """The names of the components of one kind."""
        members = self.range.supervisor.members.values()
        return [member.name for member in members if member.component.kind == kind]

    async def kill(self, component: str) -> None:
        """Kill it with all its processes; it stays down until `come_back`. Nothing when it does not run."""
        member = self.range.supervisor.members.get(component)
        if member is None or not member.running:
            return
        await self.range.supervisor.kill(component, signal.SIGKILL, stay_down=True, tree=True)
        async with asyncio.timeout(_ENDED_WITHIN_S):
            await member.exited.wait()

    def absolve(self) -> None:
        """What died while a fault was on died of that: the next one that dies is started again at once."""
        for member in self.range.supervisor.members.values():
            member.restarts = 0

    async def come_back(self, component: str) -> None:
        """Let it start with what is left, as a host does that restarts its services; it may be unable to."""
        member = self.range.supervisor.members.get(component)
        if member is None or member.state is State.READY:
            return
        try:
            await self.range.restart(component)
        except UserError as error:
            self.say(f"{component} does not start: {error.what}")

    async def thaw(self, component: str) -> None:
        """Let it go on, when it stands still."""
        member = self.range.supervisor.members.get(component)
        if member is not None and member.state is State.FROZEN:
            await self.range.supervisor.thaw(component)

    async def well(self, component: str) -> None:
        """Wait until it is ready by itself; one that was kept down is started.

        Raises:
            DeadlineError: it is not, within a bounded time.
        """
        member = self.range.supervisor.members.get(component)
        if member is None:
            return
        if member.state in (State.KEPT_DOWN, State.FAILED):
            await self.come_back(component)

        async def ready() -> bool:
            return member.state is State.READY

        await until(ready, deadline_s=_WELL_WITHIN_S, what=f"{component} is ready again", every_s=0.05)

    async def sql(self, *statements: str) -> list[tuple[object, ...]]:
        """Run statements as the database's superuser; the rows of the last.

        Raises:
            psycopg.Error: the database does not answer, or refuses.
        """
        rows: list[tuple[object, ...]] = []
        async with self.connected() as connection:
            for statement in statements:
                cursor = await connection.execute(statement.encode())
                rows = await cursor.fetchall() if cursor.description else []
        return rows

    @asynccontextmanager
    async def connected(
        self, name: str = APPLICATION, *, component: str = "postgres"
    ) -> AsyncIterator[psycopg.AsyncConnection[tuple[object, ...]]]:
        """A connection as the database's superuser, each statement a transaction of its own; `name` is how it
        introduces itself.

        Raises:
            psycopg.Error: the database does not answer.
        """
        socket = self.range.composition.site(component).sockets
        at = f"host={socket} port={self.range.addresses.endpoint(component).port}"
        dsn = f"{at} user={SUPERUSER} dbname={DATABASE} application_name={name}"
        async with await psycopg.AsyncConnection.connect(
            dsn, autocommit=True, connect_timeout=_CONNECT_S, options=_PATIENT
        ) as connection:
            yield connection

    @asynccontextmanager
    async def as_shop(
        self, name: str = APPLICATION
    ) -> AsyncIterator[psycopg.AsyncConnection[tuple[object, ...]]]:
        """A connection as the shop's own role, for its rows: triggers and views of the learner's run as
        whoever touches a table, and none of them is to run as the superuser.

        Raises:
            psycopg.Error: the database does not answer, or has another password for it.
        """
        dsn = self.range.credentials.dsn("shop_app", self.range.addresses)
        options = _PATIENT.replace("search_path=pg_catalog", "search_path=public")
        async with await psycopg.AsyncConnection.connect(
            dsn, autocommit=True, connect_timeout=_CONNECT_S, application_name=name, options=options
        ) as connection:
            yield connection

    async def shop_sql(self, statement: str) -> list[tuple[object, ...]]:
        """Run one statement as the shop's own role; its rows.

        Raises:
            psycopg.Error: the database does not answer, or refuses.
        """
        async with self.as_shop() as connection:
            cursor = await connection.execute(statement.encode())
            return await cursor.fetchall() if cursor.description else []

    @asynccontextmanager
    async def cache(self, password: str = "") -> AsyncIterator[valkey.Valkey]:
        """A connection to Valkey.

        Raises:
            valkey.ValkeyError: at the first command: it does not answer, or wants another password.
        """
        at = self.range.addresses.endpoint("valkey")
        client = valkey.Valkey(
            host=at.host,
            port=at.port,
            password=password or None,
            socket_timeout=_ANSWER_S,
            client_name=APPLICATION,
        )
        try:
            yield client
        finally:
            await client.aclose()

    @asynccontextmanager
    async def http(self, endpoint: str) -> AsyncIterator[httpx.AsyncClient]:
        """A client of one endpoint that speaks HTTP."""
        url = f"http://{self.range.addresses.endpoint(endpoint)}"
        async with httpx.AsyncClient(base_url=url, timeout=_ANSWER_S, trust_env=False) as client:
            yield client

    @property
    def balancer(self) -> Runtime:
        """The load balancer's runtime API.

        Raises:
            UserError: there is no load balancer.
        """
        component: Component = self.member("haproxy").component
        if not isinstance(component, HAProxy):
            raise UserError("This shop has no load balancer")
        return component.runtime

    def rewrite(self, component: str, file: str, text: str) -> None:
        """Put another text in the place of a file of a component's configuration; `restored` undoes it."""
        target = self.config_of(component) / file
        mode = 0o750 if os.access(target, os.X_OK) else 0o640
        write_file(target, text, keeper(self.range.account), mode)

    async def restored(self, component: str) -> None:
        """A component's configuration as it was released; nothing when there is no such component."""
        if component in self.range.supervisor.members:
            await self.range.reinstall_one(component)

    async def tell(self, component: str, signum: signal.Signals) -> None:
        """Send a signal to a component; nothing when there is no such one."""
        if component in self.range.supervisor.members:
            await self.range.supervisor.kill(component, signum)
