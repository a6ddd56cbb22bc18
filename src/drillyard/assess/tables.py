"""The shop's tables: how a judge reaches them, and whether something else stands in their place.

The learner owns the schema. A view of a table's name can show a judge what it likes, and runs its functions
as whoever reads it: it is never read.
"""

from typing import Any

import psycopg
from psycopg.rows import tuple_row

from drillyard.measure.site import Site

Connection = psycopg.AsyncConnection[tuple[Any, ...]]
TIMEOUT_S = 20
"""A statement that takes longer is ended."""
TABLES = (
    "categories",
    "customers",
    "idempotency_keys",
    "mails_sent",
    "order_lines",
    "orders",
    "outbox",
    "payments",
    "products",
    "reports",
    "reviews",
    "stock",
    "stock_movements",
)
"""Those that are asked what is in the shop."""
_STAND_INS = b"""
    SELECT name FROM unnest(%s::text[]) AS name
     WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_class c
                        WHERE c.relnamespace = 'public'::regnamespace
                          AND c.relname = name AND c.relkind IN ('r', 'p'))
"""


async def connect(site: Site) -> Connection:
    """A connection to a range's database that the learner cannot bar, and that finds no names of theirs.

    Raises:
        psycopg.Error: it does not answer.
    """
    return await psycopg.AsyncConnection.connect(
        psycopg.conninfo.make_conninfo(
            site.audit_dsn or site.dsn,
            application_name="drillyard-measure",
            connect_timeout=3,
            options=f"-c statement_timeout={TIMEOUT_S}s -c search_path=pg_catalog",
        ),
        autocommit=True,
        row_factory=tuple_row,
    )


async def stand_ins(connection: Connection) -> tuple[str, ...]:
    """Those of `TABLES` that are no table (but a view, say, or nothing). Asks the catalog only.

    Raises:
        psycopg.Error: the database does not answer.
    """
    cursor = await connection.execute(_STAND_INS, (list(TABLES),))
    return tuple(str(row[0]) for row in await cursor.fetchall())
