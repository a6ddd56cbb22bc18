"""PostgreSQL: the pool of connections, and the named queries run on it."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import ConnStatus
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout, TooManyRequests

from storefront import tracing
from storefront.metrics import DatabaseMetrics
from storefront.queries import Queries, Query
from storefront.settings.database import Database as DatabaseSettings

Row = DictRow
Connection = psycopg.AsyncConnection[DictRow]


class DatabaseUnavailableError(Exception):
    """No connection could be had, or the one that was had broke. `reason` is short and safe to show."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _options(settings: DatabaseSettings) -> str:
    options = [f"-c statement_timeout={settings.statement_timeout_ms}"]
    if settings.work_mem_kb:
        options.append(f"-c work_mem={settings.work_mem_kb}kB")
    return " ".join(options)


def conninfo(settings: DatabaseSettings, process: str) -> str:
    """The connection string with what the settings say about sessions; `process` names us to the server."""
    given = conninfo_to_dict(settings.dsn)
    options = " ".join(filter(None, (str(given.get("options") or ""), _options(settings))))
    return make_conninfo(
        settings.dsn,
        application_name=process,
        connect_timeout=settings.connect_timeout_s,
        options=options,
    )


def _gone(connection: Connection) -> bool:
    """Whether the server has left this connection; asks the socket, not the server: no round trip."""
    try:
        for _ in range(2):  # the server's last words, then the end of the stream
            connection.pgconn.consume_input()
    except psycopg.OperationalError:
        return True
    return connection.pgconn.status != ConnStatus.OK


_REASONS = {
    psycopg.errors.DeadlockDetected: "two transactions waited for each other",
    psycopg.errors.LockNotAvailable: "another transaction was in the way",
    psycopg.errors.DiskFull: "its disk is full",
}


def _reason(error: psycopg.OperationalError) -> str:
    """Short, and safe to show. What the server refused was refused over a connection."""
    return _REASONS.get(type(error), "no connection")


class Session:
    """Named queries on one connection."""

    def __init__(self, connection: Connection, queries: Queries, metrics: DatabaseMetrics) -> None:
        self._connection = connection
        self._queries = queries
        self._metrics = metrics

    async def rows(self, name: str, /, **parameters: object) -> list[Row]:
        """All rows of a query."""
        cursor = await self._execute(self._queries[name], parameters)
        return await cursor.fetchall()

    async def row(self, name: str, /, **parameters: object) -> Row | None:
        """The first row of a query, or None."""
        cursor = await self._execute(self._queries[name], parameters)
        return await cursor.fetchone()

    async def change(self, name: str, /, **parameters: object) -> int:
        """Run a query that changes rows; how many it changed."""
        cursor = await self._execute(self._queries[name], parameters)
        return cursor.rowcount

    async def _execute(self, query: Query, parameters: dict[str, object]) -> psycopg.AsyncCursor[DictRow]:
        started = time.perf_counter()
        try:
            with tracing.span("db.query", query=query.name):
                cursor = await self._connection.execute(query.text, parameters)
        except psycopg.Error as error:
            self._metrics.query_failed(query.name, type(error).__name__)
            raise
        self._metrics.query(query.name, time.perf_counter() - started)
        return cursor


class Database:
    """The pool of one process, and the queries in force.

    The pool opens without waiting: a replica starts while PostgreSQL is away, and says so in its readiness.
    """

    def __init__(
        self, settings: DatabaseSettings, queries: Queries, metrics: DatabaseMetrics, process: str
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        self.queries = queries
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            conninfo(settings, process),
            connection_class=cast(type[Connection], psycopg.AsyncConnection),
            kwargs={
                "autocommit": True,
                "row_factory": dict_row,
                "prepare_threshold": settings.prepare_threshold or None,
            },
            min_size=settings.pool_min,
            max_size=settings.pool_max,
            max_waiting=settings.pool_max_waiting,
            max_idle=settings.pool_max_idle_s,
            reconnect_timeout=5,
            name=process,
            open=False,
        )
        metrics.watch_pool(self._pool.get_stats)

    async def open(self) -> None:
        """Begin to fill the pool."""
        await self._pool.open(wait=False)

    async def close(self) -> None:
        """Close all connections."""
        await self._pool.close(timeout=1)

    def configure(self, settings: DatabaseSettings, queries: Queries) -> None:
        """Take what can change while we run: how long to wait, and the queries."""
        self._settings = settings
        self.queries = queries

    async def _take(self) -> Connection:
        """A connection that works. The pool's own check waits a second after a dead one."""
        deadline = time.monotonic() + self._settings.pool_timeout_s
        while True:
            connection = await self._pool.getconn(max(0.001, deadline - time.monotonic()))
            if not _gone(connection):
                return connection
            await self._pool.putconn(connection)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        """One connection for several queries; each commits by itself.

        Raises:
            DatabaseUnavailableError: no connection in time, or it broke.
        """
        try:
            connection = await self._take()
            try:
                yield Session(connection, self.queries, self._metrics)
            finally:
                await self._pool.putconn(connection)
        except (PoolTimeout, TooManyRequests) as error:
            raise DatabaseUnavailableError("no free connection") from error
        except psycopg.errors.QueryCanceled as error:
            raise DatabaseUnavailableError("a query took too long") from error
        except (PoolClosed, psycopg.OperationalError) as error:
            raise DatabaseUnavailableError(_reason(error)) from error

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Session]:
        """One connection and one transaction: all or nothing.

        Raises:
            DatabaseUnavailableError: as `session`; whether a commit that broke was done is not known then.
        """
        async with self.session() as session, session._connection.transaction():
            yield session

    async def rows(self, name: str, /, **parameters: object) -> list[Row]:
        """All rows of a query."""
        async with self.session() as session:
            return await session.rows(name, **parameters)

    async def row(self, name: str, /, **parameters: object) -> Row | None:
        """The first row of a query, or None."""
        async with self.session() as session:
            return await session.row(name, **parameters)

    async def change(self, name: str, /, **parameters: object) -> int:
        """Run one query that changes rows, in a transaction of its own; how many it changed."""
        async with self.session() as session:
            return await session.change(name, **parameters)

    def stats(self) -> dict[str, Any]:
        """The pool's own figures."""
        return dict(self._pool.get_stats())
