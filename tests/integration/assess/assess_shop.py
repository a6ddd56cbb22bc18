"""The learner's shop of a pair: asked like a customer does, with other queries, and with orders of ours."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import psycopg
import valkey.asyncio as valkey
from assess_pair import Pair

from drillyard.assess.probe import ProbeSite, like_a_customer
from drillyard.range.range import Range


async def at_once() -> None:
    """Wait for nothing before the next request."""


@asynccontextmanager
async def learner(pair: Pair) -> AsyncIterator[ProbeSite]:
    """The learner's shop, as probes meet it."""
    subject = pair.subject("learner")
    async with httpx.AsyncClient(base_url=f"http://{subject.target}", timeout=20, trust_env=False) as client:
        like_a_customer(client)
        yield ProbeSite("learner", client, subject.site.audit_dsn, at_once, url=subject.site.url)


@asynccontextmanager
async def replaced(pair: Pair, file: str, text: str) -> AsyncIterator[ProbeSite]:
    """The learner's shop with these queries, and without a cache that remembers others."""
    workspace = pair.directory / "learner-ws"
    path = workspace / "storefront" / "sql" / file
    before = path.read_text() if path.exists() else None
    path.write_text(text)
    try:
        await pair.ranges["learner"].apply(workspace)
        await forget_pages(pair)
        async with learner(pair) as site:
            yield site
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_text(before)
        await pair.ranges["learner"].apply(workspace)
        await forget_pages(pair)


async def forget_pages(pair: Pair) -> None:
    """Empty the cache, but not the queues that lie beside it."""
    endpoint = pair.subject("learner").site.addresses.endpoint("valkey")
    client = valkey.Valkey(host=endpoint.host, port=endpoint.port)
    async for key in client.scan_iter():
        if not key.startswith(b"dramatiq"):
            await client.unlink(key)
    await client.aclose()


@asynccontextmanager
async def sold_in_an_hour(pair: Pair, made: Range) -> AsyncIterator[None]:
    """Orders of one customer for one product that will be placed in an hour, as many as of a busy month."""
    dsn = made.credentials.dsn("shop_admin", made.addresses)
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        await connection.execute(
            """WITH placed AS (
                 INSERT INTO orders (customer_id, amount_cents, placed_at)
                 SELECT 3, 100000, now() + interval '1 hour' FROM generate_series(1, 3000) RETURNING id)
               INSERT INTO order_lines (order_id, product_id, price_cents, quantity)
               SELECT id, 5, 1000, 100 FROM placed"""
        )
        try:
            yield
        finally:
            later = "id IN (SELECT id FROM orders WHERE placed_at > now() + interval '30 minutes')"
            await connection.execute(f"DELETE FROM order_lines WHERE order_{later}")
            await connection.execute(f"DELETE FROM orders WHERE {later}")
            await forget_pages(pair)


@asynccontextmanager
async def sold_with_others(pair: Pair) -> AsyncIterator[int]:
    """A product that nobody had bought before one order of now, with six others."""
    made = pair.ranges["learner"]
    dsn = made.credentials.dsn("shop_admin", made.addresses)
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        made_now = await connection.execute(
            """WITH placed AS (INSERT INTO orders (customer_id, amount_cents) VALUES (3, 7000) RETURNING id),
                    unsold AS (SELECT max(id) AS id FROM products
                                WHERE active AND id NOT IN (SELECT product_id FROM order_lines))
               INSERT INTO order_lines (order_id, product_id, price_cents, quantity)
               SELECT placed.id, bought, 1000, 1
                 FROM placed, unsold, unnest(ARRAY[unsold.id, 1, 2, 3, 4, 5, 6]) AS bought
               RETURNING order_id, product_id"""
        )
        order, product = max(await made_now.fetchall())
        await forget_pages(pair)
        try:
            yield product
        finally:
            await connection.execute("DELETE FROM order_lines WHERE order_id = %s", (order,))
            await connection.execute("DELETE FROM orders WHERE id = %s", (order,))
            await forget_pages(pair)
