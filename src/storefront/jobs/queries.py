"""Runs the shop's named queries from a worker's threads (replicas do it asynchronously, see `database`)."""

import time
from collections.abc import Mapping
from typing import Any

import psycopg

from storefront import queries as named
from storefront import tracing
from storefront.metrics import DatabaseMetrics

Row = Mapping[str, Any]
Connection = psycopg.Connection[dict[str, Any]]


class JobQueries:
    """Queries by name, counted and traced. Connections must give rows as dictionaries."""

    def __init__(self, metrics: DatabaseMetrics, queries: named.Queries) -> None:
        self._metrics = metrics
        self.queries = queries

    def _cursor(
        self, connection: Connection, name: str, parameters: dict[str, object]
    ) -> psycopg.Cursor[dict[str, Any]]:
        started = time.perf_counter()
        text = self.queries[name].text
        try:
            with tracing.span("db.query", query=name):
                cursor = connection.execute(text, parameters or None)
        except psycopg.Error as error:
            self._metrics.query_failed(name, type(error).__name__)
            raise
        self._metrics.query(name, time.perf_counter() - started)
        return cursor

    def rows(self, connection: Connection, query: str, /, **parameters: object) -> list[Row]:
        """All rows."""
        return list(self._cursor(connection, query, parameters).fetchall())

    def row(self, connection: Connection, query: str, /, **parameters: object) -> Row | None:
        """One row, or None."""
        return self._cursor(connection, query, parameters).fetchone()

    def change(self, connection: Connection, query: str, /, **parameters: object) -> int:
        """The number of rows that were changed."""
        return self._cursor(connection, query, parameters).rowcount
