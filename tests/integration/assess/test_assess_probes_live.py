"""What the probes of pages and orders say of a real shop: as shipped, and with queries that answer less."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest
import valkey.asyncio as valkey
from answering_less import (
    ANY_CUSTOMERS,
    ANY_SEARCH,
    ANY_STOCK,
    CHEAP_BEST,
    EMPTY_DEEP_PAGES,
    EMPTY_REPORT,
    FIRST_REVIEWS,
    FORGETFUL,
    MAIL_ON_PAPER,
    NO_LINES,
    NO_NUMBERS,
    NO_OPINIONS,
    NO_REPORT_JOBS,
    NOTHING_SOLD,
    ONE_CATEGORY,
    ONE_DAY,
    WITHOUT_TEXT,
)
from assess_pair import LOAD, Pair

from drillyard.assess.answers_seen import answers_seen, judge_of
from drillyard.assess.audit import audit, audit_rows
from drillyard.assess.baseline import take_baseline
from drillyard.assess.page_judges import BESIDE_KEPT_S, all_orders_page
from drillyard.assess.payments import payment_wait
from drillyard.assess.probe import ProbeError, ProbeSite, like_a_customer
from drillyard.assess.probes import pages, reports
from drillyard.assess.probes.orders import order_once
from drillyard.assess.probes.pages import KINDS, pages_true
from drillyard.assess.probes.reports import reports_made
from drillyard.assess.report_judges import PAGES
from drillyard.assess.session import traffic_plan
from drillyard.assess.shop import ADMIN, bearer
from drillyard.base.clock import monotonic, wall
from drillyard.measure.reading import Window
from drillyard.range.range import Range
from drillyard.traffic.ledger import Entry, LedgerWriter, WriteClass
from drillyard.traffic.runner import TrafficProcess
from drillyard.traffic.seen import Seen

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]


async def at_once() -> None:
    return


@asynccontextmanager
async def learner(pair: Pair) -> AsyncIterator[ProbeSite]:
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
        await _forget_pages(pair)
        async with learner(pair) as site:
            yield site
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_text(before)
        await pair.ranges["learner"].apply(workspace)
        await _forget_pages(pair)


async def _forget_pages(pair: Pair) -> None:
    """Empty the cache, but not the queues that lie beside it."""
    endpoint = pair.subject("learner").site.addresses.endpoint("valkey")
    client = valkey.Valkey(host=endpoint.host, port=endpoint.port)
    async for key in client.scan_iter():
        if not key.startswith(b"dramatiq"):
            await client.unlink(key)
    await client.aclose()


async def test_the_shop_as_shipped_shows_what_is_in_its_tables(pair: Pair):
    async with learner(pair) as site:
        shares = {each.name.removeprefix("content.true."): each.value for each in await pages_true(site)}
    assert shares == dict.fromkeys(KINDS, 1.0)


async def test_reports_that_are_asked_for_are_made_and_right(pair: Pair):
    async with learner(pair) as site:
        found = {each.name.removeprefix("content.true."): each.value for each in await reports_made(site)}
    assert found == dict.fromkeys(reports.KINDS, 1.0)


async def test_a_report_of_nothing_is_seen(pair: Pair):
    async with replaced(pair, "jobs.sql", EMPTY_REPORT) as site:
        found = {each.name: each.value for each in await reports_made(site)}
    assert found["content.true.requested_customers"] == 0


@pytest.mark.parametrize(("text", "kind"), [(ONE_DAY, "sales"), (NO_OPINIONS, "customers")])
async def test_a_made_report_that_leaves_something_out_is_seen(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, text: str, kind: str
):
    monkeypatch.setattr(reports, "DAYS", (7,))
    async with replaced(pair, "jobs.sql", text) as site:
        found = {each.name: each.value for each in await reports_made(site)}
    assert found[f"content.true.requested_{kind}"] < 0.9


async def test_a_report_that_was_promised_to_nobody_s_knowledge_is_no_report(pair: Pair):
    """A load balancer may promise reports that the shop never hears of."""
    async with learner(pair) as site:
        header = await bearer(site, ADMIN)
        made = (await site.http.post("/api/admin/reports/sales?days=7", json={}, headers=header)).json()
        painted = {**made, "report_id": 10_000_000}
        path = "/api/admin/reports/sales?days=7"
        seen = [Seen(path, 0, wall(), page, "POST") for page in (made, painted, {**made, "report_id": "x"})]
        found = {each.name: each.value for each in await answers_seen(site, seen, 30)}
    assert found == {"content.seen": 3, "content.seen_false": 2}


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


async def test_all_orders_are_a_run_in_their_place(pair: Pair):
    async with learner(pair) as site:
        header = await bearer(site, ADMIN)
        shown = [
            (await site.http.get(f"/api/admin/orders?page={number}", headers=header)).json()
            for number in (1, 2)
        ]
        judges = [all_orders_page(number, until=wall()) for number in (1, 2)]
        for page, judge in zip(shown, judges, strict=True):
            assert await judge(site, page) == 1.0
        assert await judges[0](site, shown[1]) == 0.0
        holes = {**shown[0], "items": shown[0]["items"][::2]}
        assert await judges[0](site, holes) < 0.9
        assert await judges[0](site, {**shown[0], "items": []}) == 0.0


async def test_a_report_is_judged_as_of_when_it_was_shown(pair: Pair):
    """Much of what a young shop has sold may be newer than an answer that is looked up a minute later."""
    made = pair.ranges["learner"]
    async with learner(pair) as site, sold_in_an_hour(pair, made):
        header = await bearer(site, ADMIN)
        for name, judge in PAGES.items():
            page = (await site.http.get(f"/api/admin/reports/{name}?days=30", headers=header)).json()
            assert await judge(30)(site, page) < 0.9, name
            assert await judge(30, until=wall() + 4200)(site, page) == 1.0, name


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
            await _forget_pages(pair)


async def test_recommendations_may_be_older_than_the_newest_order(pair: Pair):
    """A cache keeps them: they are wanted of orders that it has had time to hear of, however many are new."""
    async with learner(pair) as site, sold_with_others(pair) as product:
        page = (await site.http.get(f"/api/products/{product}")).json()
        assert len(page["recommendations"]) == 6
        cached = {**page, "recommendations": []}

        async def share(page: dict[str, object], answered: float) -> float:
            judge = judge_of(Seen(f"/api/products/{product}", 0, answered, page))
            assert judge
            return await judge(site, page)

        heard_of = wall() + BESIDE_KEPT_S + 60
        assert await share(cached, wall()) == 1.0
        assert await share(cached, heard_of) < 0.9
        assert await share(page, heard_of) == 1.0


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
        await _forget_pages(pair)
        try:
            yield product
        finally:
            await connection.execute("DELETE FROM order_lines WHERE order_id = %s", (order,))
            await connection.execute("DELETE FROM orders WHERE id = %s", (order,))
            await _forget_pages(pair)


async def test_a_report_that_the_shop_never_heard_of_is_a_false_promise(pair: Pair):
    async with learner(pair) as site:
        header = await bearer(site, ADMIN)
        promised = reports._Asked("sales", 7, 2**31 - 1, wall())
        assert await reports._made(site, header, promised, monotonic()) == 0.0


async def test_a_report_that_is_never_made_proves_nothing(pair: Pair, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reports, "PATIENCE_S", 3.0)
    async with replaced(pair, "jobs.sql", NO_REPORT_JOBS) as site:
        with pytest.raises(ProbeError, match="was not there after"):
            await reports_made(site)


async def test_a_mail_that_is_only_written_down_is_seen(pair: Pair):
    async with replaced(pair, "jobs.sql", MAIL_ON_PAPER) as site:
        found = {each.name: each.value for each in await order_once(site)}
    assert found["promise.order_missing"] == 1


@pytest.mark.parametrize(
    ("file", "text", "kind"),
    [
        ("catalogue.sql", EMPTY_DEEP_PAGES, "listing_newest"),
        ("reviews.sql", FIRST_REVIEWS, "reviews"),
        ("orders.sql", NO_LINES, "history"),
        ("search.sql", ANY_SEARCH, "search"),
        ("home.sql", CHEAP_BEST, "home"),
        ("reviews.sql", WITHOUT_TEXT, "reviews"),
        ("admin.sql", NOTHING_SOLD, "report_sales"),
        ("admin.sql", ONE_CATEGORY, "report_sales"),
        ("admin.sql", ANY_STOCK, "report_inventory"),
        ("admin.sql", ANY_CUSTOMERS, "report_customers"),
        ("admin.sql", NO_NUMBERS, "report_customers"),
    ],
)
async def test_a_query_that_answers_with_less_is_seen(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, file: str, text: str, kind: str
):
    monkeypatch.setattr(pages, "REPORT_DAYS", (30,))  # a small shop of a week has few customers
    async with replaced(pair, file, text) as site:
        drawn = [await pages_true(site) for _ in range(3)]
    shares = [each.value for found in drawn for each in found if each.name == f"content.true.{kind}"]
    assert min(shares) < 0.9


async def shown_to_customers(pair: Pair, site: ProbeSite) -> dict[str, float]:
    """What customers of a few seconds were shown, all of it looked up; names what was not true."""
    plan = traffic_plan(pair.subject("learner"), LOAD, rate=40, seconds=3, seed=1, keep_answers=200)
    process = await TrafficProcess.start(plan)
    seen = (await process.result()).seen
    found = await answers_seen(site, seen, 60)
    print(found[1].source)
    return {each.name: each.value for each in found}


async def test_customers_of_the_shop_as_shipped_see_what_is_in_its_tables(pair: Pair):
    async with learner(pair) as site:
        found = await shown_to_customers(pair, site)
    assert found["content.seen"] >= 40
    assert found["content.seen_false"] == 0


@pytest.mark.parametrize(("file", "text"), [("home.sql", CHEAP_BEST), ("search.sql", ANY_SEARCH)])
async def test_customers_who_are_shown_less_are_witnesses(pair: Pair, file: str, text: str):
    async with replaced(pair, file, text) as site:
        found = await shown_to_customers(pair, site)
    assert found["content.seen_false"] >= 2


async def test_a_checkout_that_is_sent_again_makes_one_order(pair: Pair):
    async with learner(pair) as site:
        found = {each.name: each.value for each in await order_once(site)}
    assert found == {"promise.orders_per_checkout": 1, "promise.order_missing": 0}


async def test_a_shop_that_forgets_its_keys_is_seen(pair: Pair):
    async with replaced(pair, "checkout.sql", FORGETFUL) as site:
        found = {each.name: each.value for each in await order_once(site)}
    assert found["promise.orders_per_checkout"] == 3


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
