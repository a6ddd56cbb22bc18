"""What the probes of pages and orders say of a real shop: as shipped, and with queries that answer less."""

import pytest
from answering_less import (
    ANY_CUSTOMERS,
    ANY_SEARCH,
    ANY_STOCK,
    CHEAP_BEST,
    EMPTY_DEEP_PAGES,
    FIRST_REVIEWS,
    FORGETFUL,
    MAIL_ON_PAPER,
    NO_LINES,
    NO_NUMBERS,
    NOTHING_SOLD,
    ONE_CATEGORY,
    WITHOUT_TEXT,
)
from assess_pair import LOAD, Pair
from assess_shop import learner, replaced, sold_with_others

from drillyard.assess.answers_seen import answers_seen, judge_of
from drillyard.assess.page_judges import BESIDE_KEPT_S, all_orders_page
from drillyard.assess.probe import ProbeSite
from drillyard.assess.probes import pages
from drillyard.assess.probes.orders import order_once
from drillyard.assess.probes.pages import KINDS, pages_true
from drillyard.assess.session import traffic_plan
from drillyard.assess.shop import ADMIN, bearer
from drillyard.base.clock import wall
from drillyard.traffic.runner import TrafficProcess
from drillyard.traffic.seen import Seen

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]


async def test_the_shop_as_shipped_shows_what_is_in_its_tables(pair: Pair):
    async with learner(pair) as site:
        shares = {each.name.removeprefix("content.true."): each.value for each in await pages_true(site)}
    assert shares == dict.fromkeys(KINDS, 1.0)


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
