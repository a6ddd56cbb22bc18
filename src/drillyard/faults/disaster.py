"""A disaster: real damage to a range at one moment, announced by nothing but what it does."""

import asyncio
import random
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from drillyard.base.errors import UserError
from drillyard.range.credentials import DATABASE, SUPERUSER
from drillyard.range.member import State
from drillyard.range.ops.host import Host
from drillyard.range.range import Range

_ENDED_WITHIN_S = 10.0
Say = Callable[[str], None]


def _quiet(_: str) -> None:
    return


@dataclass(frozen=True)
class Scene:
    """The range that is struck, and chance. `patience_s` is how long a fault that nobody may notice lasts
    before the blow (an hour of a real shop, squeezed into minutes).
    """

    range: Range
    chance: random.Random
    patience_s: float = 90.0
    say: Say = _quiet

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

    async def kill(self, component: str) -> None:
        """Kill it with all its processes; it stays down until `come_back`. Nothing when it does not run."""
        member = self.range.supervisor.members.get(component)
        if member is None or not member.running:
            return
        await self.range.supervisor.kill(component, signal.SIGKILL, stay_down=True, tree=True)
        async with asyncio.timeout(_ENDED_WITHIN_S):
            await member.exited.wait()

    async def come_back(self, component: str) -> None:
        """Let it start with what is left, as a host does that restarts its services; it may be unable to."""
        member = self.range.supervisor.members.get(component)
        if member is None or member.state is State.READY:
            return
        try:
            await self.range.restart(component)
        except UserError as error:
            self.say(f"{component} does not start: {error.what}")

    async def sql(self, *statements: str) -> list[tuple[object, ...]]:
        """Run statements as the database's superuser; the rows of the last.

        Raises:
            psycopg.Error: the database does not answer, or refuses.
        """
        socket = self.range.composition.site("postgres").sockets
        at = f"host={socket} port={self.range.addresses.endpoint('postgres').port}"
        rows: list[tuple[object, ...]] = []
        async with await psycopg.AsyncConnection.connect(
            f"{at} user={SUPERUSER} dbname={DATABASE}", autocommit=True
        ) as connection:
            for statement in statements:
                cursor = await connection.execute(statement.encode())
                rows = await cursor.fetchall() if cursor.description else []
        return rows


@dataclass(frozen=True)
class Struck:
    """When it happened (seconds since the epoch), and what exactly, for the report of afterwards."""

    moment: float
    detail: str


@dataclass(frozen=True)
class Disaster:
    """One kind. `about` is its paragraph in the documentation: what it does, and what is left.

    `family` says what is to be mended: `media` (the database's disk), `site` (a host or all of them), or
    `content` (what is in the tables, or in the cache). `needs` are the components that must run for it.
    """

    id: str
    family: str
    title: str
    about: str
    strike: Callable[[Scene], Awaitable[Struck]]
    needs: tuple[str, ...] = ()
