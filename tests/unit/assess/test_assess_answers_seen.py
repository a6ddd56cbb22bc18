import pytest

from drillyard.assess.answers_seen import answers_seen, judge_of
from drillyard.assess.probe import ProbeSite
from drillyard.traffic.journeys import journeys
from drillyard.traffic.seen import Seen
from drillyard.traffic.visits import Session, Visit


def seen(path: str, customer: int = 0) -> Seen:
    return Seen(path, customer, 7.0, {"items": []})


@pytest.mark.parametrize(
    "path",
    [
        "/api/home",
        "/api/products?category=garden&sort=price&page=3",
        "/api/products/17",
        "/api/products/17/reviews?page=2",
        "/api/search?q=oak+table&page=1",
        "/api/orders/12",
        "/api/admin/reports/sales?days=7",
        "/api/admin/reports/inventory?days=30",
        "/api/admin/reports/customers?days=1",
        "/api/admin/orders?page=2",
    ],
)
def test_pages_that_anybody_may_see_are_judged(path: str) -> None:
    assert judge_of(seen(path)) is not None


def test_a_report_that_was_promised_is_judged() -> None:
    page = {"report": "sales", "report_id": 7, "days": 1}
    assert judge_of(Seen("/api/admin/reports/sales?days=1", 0, 7.0, page, "POST")) is not None
    assert judge_of(Seen("/api/admin/chaos", 0, 7.0, {}, "POST")) is None


def test_a_history_is_judged_for_the_customer_who_saw_it() -> None:
    assert judge_of(seen("/api/orders?page=2", customer=12)) is not None
    assert judge_of(seen("/api/orders?page=2")) is None


@pytest.mark.parametrize("path", ["/api/cart", "/api/admin/chaos", "/api/products?page=1"])
def test_what_nobody_can_judge_is_left_out(path: str) -> None:
    assert judge_of(seen(path, customer=1)) is None


@pytest.mark.parametrize("name", ["browse", "search"])
def test_every_page_of_these_journeys_is_judged(name: str) -> None:
    journey = journeys()[name]
    for number in range(50):
        chances = (number / 50, number * 7 % 50 / 50, number * 3 % 50 / 50, number * 11 % 50 / 50)
        visit = Visit(0.0, 0, 1 + number, 1, *chances)
        step = next(journey.walk(visit, Session(0, run="r")))
        path = step.payload.split(b" ", 2)[1].decode()
        assert judge_of(seen(path)) is not None, path


@pytest.mark.anyio
async def test_a_product_s_page_is_judged_as_of_when_it_was_shown() -> None:
    moments: list[float] = []

    class Asked(ProbeSite):
        async def sql(self, query, named=None):
            moments.extend(float(each) for name, each in named.items() if name == "settled")
            return [(1, 1, 1, 1)] if "settled" not in named else [(0,)]

    async def at_once() -> None:
        return

    judge = judge_of(seen("/api/products/17"))
    assert judge
    page = {"id": 17, "name": 1, "description": 1, "category": 1, "rating": {"reviews": 1}}
    await judge(Asked("learner", None, "", at_once), {**page, "reviews": [], "recommendations": []})
    (moment,) = moments
    assert moment < 7.0


@pytest.mark.anyio
async def test_a_page_of_another_shape_is_not_true() -> None:
    async def at_once() -> None:
        return

    class Tables(ProbeSite):
        async def sql(self, query, named=None):
            return []

    site = Tables("learner", None, "", at_once)
    odd = Seen("/api/search?q=oak&page=1", 0, 7.0, {"found": 3})
    found = {each.name: each.value for each in await answers_seen(site, [odd, seen("/api/cart")], 5.0)}
    assert found == {"content.seen": 1, "content.seen_false": 1}
