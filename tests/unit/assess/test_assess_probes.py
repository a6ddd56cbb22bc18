"""What the probe of prices concludes from shops that misbehave."""

import re
from collections.abc import Callable

import httpx
import pytest

from drillyard.assess.probe import ProbeError, ProbeSite
from drillyard.assess.probes import prices
from drillyard.assess.probes.prices import LEEWAY_S, price_staleness
from drillyard.base.clock import monotonic

pytestmark = pytest.mark.anyio
PROMISED_S = 0.2


class Shop:
    """One product, a listing and a search, that show a new price `stale_s` after it was changed."""

    def __init__(self, stale_s: float) -> None:
        self.stale_s = stale_s
        self.price = self.shown = 100
        self.new = 500
        self.changed = 0.0
        self.asked = 0
        self.answer: Callable[[httpx.Request], httpx.Response] = self.page

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        return self.answer(request)

    def page(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/api/sessions":
            return httpx.Response(200, json={"token": "t"})
        if path == "/api/categories":
            return httpx.Response(200, json={"items": [{"id": 1, "slug": "s"}]})
        if path.endswith("/8") or path == "/api/home":
            return self.home(request)
        if request.method == "PUT":
            self.price, self.changed = int(re.findall(rb"[0-9]+", request.content)[0]), monotonic()
            return httpx.Response(200, json={})
        if monotonic() - self.changed >= self.stale_s:
            self.shown = self.price
        item = {"id": 7, "price_cents": self.shown, "name": "lamp"}
        return httpx.Response(200, json=item if path.endswith("/7") else {"items": [item]})

    def home(self, request: httpx.Request) -> httpx.Response:
        """Another product, new in the shop, whose price is seen at once."""
        if request.method == "PUT":
            self.new = int(re.findall(rb"[0-9]+", request.content)[0])
        item = {"id": 8, "price_cents": self.new, "name": "vase"}
        return httpx.Response(200, json=item if request.url.path.endswith("/8") else {"new": [item]})


async def tried(shop: Shop) -> float:
    async def at_once() -> None:
        return

    transport = httpx.MockTransport(shop)
    async with httpx.AsyncClient(base_url="http://shop", transport=transport) as client:
        site = ProbeSite("learner", client, "", at_once, {"promise.price_stale_s": PROMISED_S})
        (reading,) = await price_staleness(site)
        return reading.value


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in {"EVERY_S": 0.02, "MARGIN_S": 0.3, "SETUP_S": 0.5, "RESTORE_S": 0.2}.items():
        monkeypatch.setattr(prices, name, seconds)
    monkeypatch.setattr(prices, "_FINDERS", (prices._home_pages, prices._pages))


async def test_a_price_that_is_seen_in_time_keeps_the_promise_and_is_put_back():
    shop = Shop(stale_s=PROMISED_S / 2)
    assert await tried(shop) <= PROMISED_S
    assert shop.price == 100


async def test_a_lifetime_as_long_as_the_promise_cannot_fail_by_the_time_that_making_a_page_takes():
    assert await tried(Shop(stale_s=PROMISED_S + LEEWAY_S / 2)) <= PROMISED_S + LEEWAY_S


async def test_a_price_that_stays_old_breaks_the_promise():
    shop = Shop(stale_s=60)
    assert await tried(shop) > PROMISED_S + LEEWAY_S
    assert shop.price == 100


async def test_a_home_page_that_stays_old_breaks_the_promise():
    shop = Shop(stale_s=0)

    def old_home(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/home":
            return httpx.Response(200, json={"new": [{"id": 8, "price_cents": 500, "name": "vase"}]})
        return shop.page(request)

    shop.answer = old_home
    assert await tried(shop) > PROMISED_S + LEEWAY_S
    assert shop.new == 500


async def test_answers_that_stay_away_now_and_then_are_asked_for_again():
    shop = Shop(stale_s=PROMISED_S / 2)

    def every_seventh(request: httpx.Request) -> httpx.Response:
        if shop.asked % 7 == 2:
            raise httpx.ReadTimeout("", request=request)
        return shop.page(request)

    shop.answer = every_seventh
    assert await tried(shop) <= PROMISED_S + LEEWAY_S


async def test_a_shop_that_stops_answering_while_its_price_is_old_is_not_believed():
    shop = Shop(stale_s=60)

    def silent_after_the_change(request: httpx.Request) -> httpx.Response:
        if shop.price == 101 and request.method == "GET" and monotonic() - shop.changed > PROMISED_S / 2:
            raise httpx.ReadTimeout("", request=request)
        return shop.page(request)

    shop.answer = silent_after_the_change
    with pytest.raises(ProbeError, match=r"never showed the new price: no answer \(ReadTimeout\)"):
        await tried(shop)
    assert shop.price == 100


async def test_a_listing_that_leaves_the_product_out_is_not_taken_for_the_new_price():
    shop = Shop(stale_s=60)

    def left_out(request: httpx.Request) -> httpx.Response:
        if shop.price == 101 and request.url.path == "/api/products":
            return httpx.Response(200, json={"items": []})
        shop.shown = shop.price
        return shop.page(request)

    shop.answer = left_out
    with pytest.raises(ProbeError, match="a listing page"):
        await tried(shop)


async def test_a_shop_that_never_answers_is_said_to_be_silent():
    shop = Shop(stale_s=0)

    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("", request=request)

    shop.answer = silent
    with pytest.raises(ProbeError, match="ReadTimeout"):
        await tried(shop)
