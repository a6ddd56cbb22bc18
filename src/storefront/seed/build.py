"""Puts the data set into a database: tables, rows, indexes, roles, statistics."""

import random
from collections.abc import Callable, Iterable
from itertools import islice
from time import time

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from storefront.schema import script
from storefront.seed import rows
from storefront.seed.shapes import Sizes

Say = Callable[[str], None]

IDENTITIES = ("products", "customers", "orders", "reviews")


class SeedError(Exception):
    """The data set cannot be put there; the message says why and what to do."""


def day_start(now: float) -> float:
    """The start of the day (UTC) in seconds since the epoch."""
    return now - now % 86_400


def seed(dsn: str, *, scale: float = 1.0, newest: float | None = None, say: Say = print) -> Sizes:
    """Make the shop's database at `dsn`, which must be a superuser's; a missing database is created.

    `scale` multiplies the number of rows, `newest` is the time of the newest order (seconds since the epoch,
    the start of today when not given). The same `scale` and `newest` give the same rows.

    Raises:
        SeedError: the database already holds a shop, or it cannot be reached.
    """
    sizes = Sizes.scaled(scale)
    newest = day_start(time()) if newest is None else newest
    try:
        _create_database(dsn)
        with psycopg.connect(dsn, autocommit=True) as connection:
            _fill(connection, sizes, newest, say)
    except psycopg.OperationalError as error:
        raise SeedError(f"PostgreSQL does not do it: {str(error).strip()}") from error
    return sizes


def _create_database(dsn: str) -> None:
    name = str(conninfo_to_dict(dsn).get("dbname", "shop"))
    with psycopg.connect(make_conninfo(dsn, dbname="postgres"), autocommit=True) as connection:
        if not connection.execute("SELECT FROM pg_database WHERE datname = %s", (name,)).rowcount:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def _fill(connection: psycopg.Connection, sizes: Sizes, newest: float, say: Say) -> None:
    if connection.execute("SELECT to_regclass('products')").fetchone() != (None,):
        raise SeedError("This database already holds a shop. Drop it first, or name another one in --dsn.")
    connection.execute("SET statement_timeout = 0")
    connection.execute("SET maintenance_work_mem = '128MB'")
    connection.execute("SET synchronous_commit = off")
    with connection.transaction():
        connection.execute(script("tables").encode())
        connection.execute(script("jobs").encode())
        _copy_all(connection, sizes, newest, say)
    say("indexes and constraints")
    connection.execute(script("indexes").encode())
    connection.execute(script("roles").encode())
    say("statistics")
    connection.execute("VACUUM (ANALYZE)")
    connection.execute("CHECKPOINT")


def _copy_all(connection: psycopg.Connection, sizes: Sizes, newest: float, say: Say) -> None:
    rng = random.Random(20_240_229)
    categories = rows.Categories.build()
    price = rows.prices(sizes, rng)
    say(f"{sizes.orders} orders")
    trade = rows.trade(sizes, newest, price, rng)
    _copy(connection, "categories", categories.rows)
    _copy(connection, "orders", trade.orders)
    _copy(connection, "order_lines", trade.lines)
    _copy(
        connection,
        "payments (order_id, token, amount_cents, currency, status, created_at, updated_at)",
        trade.payments,
    )
    say(f"{sizes.products} products, {sizes.customers} customers")
    _copy(connection, "products", rows.products(sizes, newest, price, trade.sold, categories.leaves, rng=rng))
    _copy(connection, "stock", rows.stock(sizes, trade.sold, rng))
    _copy(connection, "customers", rows.customers(sizes, newest, rng))
    say(f"{sizes.reviews} reviews")
    _copy(connection, "reviews", rows.reviews(sizes, newest, rng))
    connection.execute(
        "INSERT INTO product_ratings"
        " SELECT product_id, count(*), sum(rating) FROM reviews GROUP BY product_id"
    )
    for table in IDENTITIES:
        name = sql.Identifier(table)
        connection.execute(
            sql.SQL("SELECT setval(pg_get_serial_sequence({}, 'id'), max(id)) FROM {}").format(
                sql.Literal(table), name
            )
        )


def _copy(connection: psycopg.Connection, target: str, lines: Iterable[str]) -> None:
    """COPY with FREEZE: the table was made in this transaction, so its rows need no later vacuum."""
    source = iter(lines)
    with connection.cursor().copy(f"COPY {target} FROM STDIN (FREEZE)".encode()) as copy:
        while chunk := "".join(islice(source, 5000)):
            copy.write(chunk)
