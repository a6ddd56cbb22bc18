"""Orders of the ledger, and of customers' histories, held against the tables of a real shop."""

import psycopg
import pytest
from assess_pair import Pair

from drillyard.assess.page_judges import history_page
from drillyard.assess.probe import ProbeSite
from drillyard.assess.reckoning import Fate, reckon_tables
from drillyard.assess.tables import connect
from drillyard.base.clock import wall
from drillyard.traffic.ledger import Entry, WriteClass

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]


async def test_a_number_that_is_another_s_now_does_not_keep_a_lost_order(pair: Pair):
    made, site = pair.ranges["twin"], pair.subject("twin").site
    placed = b"INSERT INTO orders (customer_id, amount_cents) VALUES (3, 500) RETURNING id"
    dsn = made.credentials.dsn("shop_admin", made.addresses)
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as owner:
        numbers = [(await (await owner.execute(placed)).fetchone() or (0,))[0] for _ in range(2)]
        keyed = b"INSERT INTO idempotency_keys (customer_id, key, order_id) VALUES (3, 'again', %s)"
        await owner.execute(keyed, (numbers[0],))
        entries = [
            Entry(
                WriteClass.ACKNOWLEDGED, key, 0.0, answered=1.0, customer=3, order_id=number, amount_cents=500
            )
            for key, number in (("first", numbers[0]), ("again", numbers[0]), ("purged", numbers[1]))
        ]
        async with await connect(site) as connection:
            found = await reckon_tables(connection, entries, 10.0)
        await owner.execute(b"DELETE FROM idempotency_keys WHERE key = 'again'")
        await owner.execute(b"DELETE FROM orders WHERE id = ANY(%s)", (numbers,))
    assert [each.fate for each in found.judged] == [Fate.LOST, Fate.KEPT, Fate.KEPT]


@pytest.mark.parametrize(("age_s", "share"), [(2.0, 1.0), (60.0, 0.0)])
async def test_a_history_may_lack_an_order_that_was_under_way_and_no_other(
    pair: Pair, age_s: float, share: float
):
    site = pair.subject("twin").site

    async def at_once() -> None:
        return

    async with await psycopg.AsyncConnection.connect(site.audit_dsn, autocommit=True) as admin:
        signed_up = (
            b"INSERT INTO customers (email, name, password_hash) VALUES ('n@shop.test', 'N', '') RETURNING id"
        )
        ((customer,),) = await (await admin.execute(signed_up)).fetchall()
        placed = b"INSERT INTO orders (customer_id, amount_cents, placed_at)"
        placed += b" VALUES (%s, 5, now() - make_interval(secs => %s))"
        await admin.execute(placed, (customer, age_s))
        asked = ProbeSite("twin", None, site.audit_dsn, at_once)  # type: ignore[arg-type]  # nothing is fetched
        found = await history_page(customer, 1, until=wall())(asked, {"items": [], "per_page": 20})
        await admin.execute(b"DELETE FROM orders WHERE customer_id = %s", (customer,))
        await admin.execute(b"DELETE FROM customers WHERE id = %s", (customer,))
    assert found == share
