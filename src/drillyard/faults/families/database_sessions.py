"""Sessions in the database that are in the way of others: locks, snapshots, open transactions, too many."""

import asyncio
from contextlib import AsyncExitStack, suppress
from typing import Literal, LiteralString

import psycopg
from psycopg import sql
from pydantic import Field

from drillyard.base.clock import monotonic
from drillyard.faults.fault import Memory, Moves
from drillyard.faults.of_database import OfDatabase, Table
from drillyard.faults.scene import APPLICATION, Scene

_AGAIN_S = 0.02
_EVERY_S = 1.0
_END_IDLE = f"""
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
 WHERE usename = 'shop_app' AND state = 'idle' AND application_name NOT LIKE '{APPLICATION}%'
"""
_AT_ONCE = 50
_COLUMN = {"stock": "on_hand", "product_ratings": "reviews"}
"""Of a table, one that the shop may write."""


class _Session(OfDatabase):
    """Connections that are open while it lasts; they go with the daemon."""

    async def begin(self, scene: Scene, memory: Memory) -> None:
        """They are opened in `during`."""

    async def end(self, scene: Scene, memory: Memory) -> None:
        """Whoever lost its connection to us goes too."""
        with suppress(psycopg.Error):
            await scene.sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                f" WHERE application_name = '{APPLICATION}/{self.claimed}'"
            )


class LockHolder(_Session):
    """A session takes a lock on a whole table and keeps it: a migration that waits for something else, or a
    console that somebody left open. Whoever needs the table waits behind it.
    """

    id = "database.lock-holder"
    title = "A lock is held"
    undone = "the session ends"
    moves = (Moves("db.waits.lock"), Moves("latency.p99"))
    claimed = "lock"

    table: Table = Field(default="stock", description="The table that is locked.")
    mode: Literal["ACCESS EXCLUSIVE", "EXCLUSIVE", "SHARE"] = Field(
        default="ACCESS EXCLUSIVE", description="How: ACCESS EXCLUSIVE stops readers too."
    )

    async def during(self, scene: Scene, memory: Memory) -> None:
        """Lock it, and sit there."""
        async with scene.connected(f"{APPLICATION}/{self.claimed}") as connection, connection.transaction():
            await connection.execute(
                sql.SQL("LOCK TABLE {} IN {} MODE").format(
                    sql.Identifier("public", self.table), sql.SQL(self.mode)
                )
            )
            await super().during(scene, memory)


class IdleInTransaction(_Session):
    """Sessions begin a transaction, read something, and say nothing more: vacuum may remove nothing that is
    younger, and each holds a connection.
    """

    id = "database.idle-in-transaction"
    title = "Transactions are left open"
    undone = "the sessions end"
    moves = (Moves("db.connections.idle_in_transaction"),)
    claimed = "idle"

    sessions: int = Field(default=8, ge=1, le=500, description="How many.")

    async def during(self, scene: Scene, memory: Memory) -> None:
        """Open them, and sit there."""
        async with AsyncExitStack() as stack:
            for _ in range(self.sessions):
                connection = await stack.enter_async_context(scene.connected(f"{APPLICATION}/{self.claimed}"))
                await stack.enter_async_context(connection.transaction(force_rollback=True))
                await connection.execute("SELECT count(*) FROM pg_class")
            await super().during(scene, memory)


class ConnectionExhaustion(_Session):
    """Somebody opens connections as the shop's own role until PostgreSQL takes no more, and each that comes
    free. The shop's idle connections are ended every second, as where a firewall forgets them: who needs a
    new one does not get it.
    """

    id = "database.connection-exhaustion"
    title = "There are no connections left"
    undone = "the connections are closed"
    moves = (Moves("latency.p99"), Moves("shop.errors_ratio"))
    claimed = "connections"
    within_s = 60.0

    leave: int = Field(default=0, ge=0, le=500, description="How many are left for others.")

    async def during(self, scene: Scene, memory: Memory) -> None:
        """Take all there are, and each that comes free."""
        async with AsyncExitStack() as stack:
            held = await self._taken(scene, stack)
            for connection in held[: self.leave]:
                await connection.close()
            while not self.leave:
                await scene.sql(_END_IDLE)
                end = monotonic() + _EVERY_S
                while monotonic() < end:
                    await self._taken(scene, stack)
                    await asyncio.sleep(_AGAIN_S)
            await super().during(scene, memory)

    async def _taken(
        self, scene: Scene, stack: AsyncExitStack
    ) -> list[psycopg.AsyncConnection[tuple[object, ...]]]:
        dsn = scene.range.credentials.dsn("shop_app", scene.range.addresses)
        name = f"{APPLICATION}/{self.claimed}"
        taken: list[psycopg.AsyncConnection[tuple[object, ...]]] = []
        while True:
            try:
                made = await psycopg.AsyncConnection.connect(dsn, application_name=name, connect_timeout=3)
            except psycopg.OperationalError:
                return taken
            taken.append(await stack.enter_async_context(made))


class Bloat(_Session):
    """A table is updated over and over while an old snapshot is held, so that vacuum may not remove what is
    dead: every read goes through more and more of it.
    """

    id = "database.bloat"
    title = "Vacuum is blocked and a table bloats"
    undone = "the session ends and the table is vacuumed"
    moves = (Moves("db.buffers"), Moves("db.connections.idle_in_transaction"))
    claimed = "snapshot"
    within_s = 30.0

    table: Literal["stock", "product_ratings"] = Field(default="stock", description="The table.")
    rounds: int = Field(default=30, ge=1, le=1000, description="How often every row is written anew.")

    async def during(self, scene: Scene, memory: Memory) -> None:
        """In the order of their numbers, as checkouts lock them: nobody waits in a circle."""
        name = f"{APPLICATION}/{self.claimed}"
        async with scene.connected(name) as reader, reader.transaction(force_rollback=True):
            await reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            await reader.execute("SELECT count(*) FROM pg_class")
            async with scene.as_shop(name) as writer:
                last = await (await writer.execute(self._sql("SELECT max(product_id) FROM {}"))).fetchone()
                most = int(str(last[0])) if last and last[0] is not None else 0
                statement = self._sql("UPDATE {} SET {} = {} WHERE product_id BETWEEN %s AND %s")
                for _ in range(self.rounds):
                    async with writer.transaction():
                        for first in range(1, most + 1, _AT_ONCE):
                            await writer.execute(statement, (first, first + _AT_ONCE - 1))
            await super().during(scene, memory)

    def _sql(self, text: LiteralString) -> sql.Composed:
        column = sql.Identifier(_COLUMN[self.table])
        return sql.SQL(text).format(sql.Identifier("public", self.table), column, column)

    async def end(self, scene: Scene, memory: Memory) -> None:
        """What is dead goes."""
        await super().end(scene, memory)
        await scene.sql(f"VACUUM (ANALYZE) public.{self.table}")
