"""What the audit and the partner say of a shop whose tables, partner or charges are not what they were."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest
from assess_pair import Pair
from assess_shop import at_once

from drillyard.assess.audit import audit, audit_rows
from drillyard.assess.baseline import take_baseline
from drillyard.assess.payments import payment_wait
from drillyard.assess.probe import ProbeError, ProbeSite
from drillyard.base.clock import wall
from drillyard.measure.reading import Window
from drillyard.traffic.ledger import Entry, LedgerWriter, WriteClass

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]


@asynccontextmanager
async def changed(pair: Pair, there: str, back: str) -> AsyncIterator[dict[str, float]]:
    """The rows that count as lost once the twin's owner of the schema has done something to its tables."""
    made, subject = pair.ranges["twin"], pair.subject("twin")
    baseline = await take_baseline(subject.site)
    dsn = made.credentials.dsn("shop_admin", made.addresses)
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        await connection.execute(there.encode())
        try:
            lost = await audit_rows(subject.site, baseline)
            yield {each.name.removeprefix("rows.lost."): each.value for each in lost if each.value}
        finally:
            await connection.execute(back.encode())


async def test_a_view_in_the_place_of_a_table_is_never_read(pair: Pair):
    there = "ALTER TABLE reviews RENAME TO real; CREATE VIEW reviews AS SELECT * FROM real"
    subject = pair.subject("twin")
    async with changed(pair, there, "DROP VIEW reviews; ALTER TABLE real RENAME TO reviews") as lost:
        assert lost == {"reviews": 1}
        async with httpx.AsyncClient(base_url=f"http://{subject.target}") as client:
            site = ProbeSite("twin", client, subject.site.audit_dsn, at_once)
            with pytest.raises(ProbeError, match="reviews: no tables"):
                await site.sql("SELECT 1")
        with pytest.raises(ProbeError, match="reviews: no tables"):
            await audit(subject.site, None, [])


@pytest.mark.parametrize(
    ("table", "there", "back"),
    [
        (
            "orders",
            "placed_at = placed_at - interval '9 years'",
            "placed_at = placed_at + interval '9 years'",
        ),
        ("products", "active = NOT active", "active = NOT active"),
        ("reviews", "product_id = product_id + 1", "product_id = product_id - 1"),
    ],
)
async def test_rows_that_are_moved_out_of_the_way_are_gone(pair: Pair, table: str, there: str, back: str):
    where = "WHERE id BETWEEN 3 AND 9"
    async with changed(
        pair, f"UPDATE {table} SET {there} {where}", f"UPDATE {table} SET {back} {where}"
    ) as lost:
        assert set(lost) == {table}


async def test_a_partner_that_was_switched_is_seen(pair: Pair):
    site = pair.subject("twin").site
    baseline = await take_baseline(site)
    async with httpx.AsyncClient(trust_env=False) as client:
        was = (await client.get(site.url("partner", "/control"))).json()
        (await client.put(site.url("partner", "/control"), json={**was, "delay_ms": 0})).raise_for_status()
        found = {each.name: each.value for each in await audit(site, baseline, [])}
        (await client.put(site.url("partner", "/control"), json=was)).raise_for_status()
    assert found["promise.partner_switched"] == 1


async def test_payments_are_timed_by_the_partner_whatever_the_shop_says(pair: Pair, tmp_path: Path):
    subject = pair.subject("twin")
    site = subject.site
    now = wall()
    window = [Window(now - 60, now)]

    async def charge(order: int, amount: int) -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            body = {"token": "tok-1", "amount_cents": amount, "currency": "EUR"}
            body["reference"] = f"order {order}"
            headers = {"Idempotency-Key": f"order-{order}-{uuid4()}"}
            (
                await client.post(site.url("partner", "/v1/charges"), json=body, headers=headers)
            ).raise_for_status()

    writer = LedgerWriter(tmp_path / "ledger.jsonl")
    for order, age_s in ((900_001, 2.0), (900_002, 30.0), (900_003, 30.0)):
        writer.append(
            Entry(
                WriteClass.ACKNOWLEDGED,
                f"k{order}",
                0,
                answered=now - age_s,
                order_id=order,
                amount_cents=500,
            )
        )
    writer.close()
    await charge(900_001, 500)
    await charge(900_002, 1)
    found = {each.name: each.value for each in await payment_wait(site, window, [tmp_path / "ledger.jsonl"])}
    assert found["promise.payment_wait_max"] >= 30
    assert found["promise.payment_wait"] > 25
    early = [Window(now - 5, now)]
    found = {each.name: each.value for each in await payment_wait(site, early, [tmp_path / "ledger.jsonl"])}
    assert 2 <= found["promise.payment_wait_max"] < 25
