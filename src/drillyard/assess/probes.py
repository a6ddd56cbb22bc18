"""Probes that come with every scenario."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from drillyard.assess.probe import ProbeSite, probe
from drillyard.base.clock import monotonic
from drillyard.base.errors import DrillyardError
from drillyard.measure.reading import Combine, Reading, Unit
from drillyard.measure.source import Described

DESCRIBES = (Described("promise.price_seen_after", Unit.SECONDS, Combine.LAST),)
TRIED = 3
EVERY_S = 0.5
LONGEST_S = 120.0
MARGIN_S = 2.0
"""A price that was not seen this long after the promise is not waited for any longer."""
PROMISE = "promise.price_stale_s"
DEFAULT_PROMISE_S = 30.0
_ADMIN = {"email": "admin@shop.test", "password": "drillyard"}


class ProbeError(DrillyardError):
    """The shop did not answer a probe in a way that it could go on with."""


@dataclass(frozen=True)
class _Item:
    """One product or category, as a page lists it."""

    id: int
    price_cents: int
    name: str
    slug: str


@dataclass
class _Page:
    path: str
    product: int
    price_cents: int
    old_until_s: float = 0.0
    """Seconds after the change when the old price was last seen."""
    seen: bool = False


@probe(id="price-staleness", seconds=LONGEST_S)
async def price_staleness(site: ProbeSite) -> Sequence[Reading]:
    """Change prices of products that nobody looked at lately, and watch the pages until they show it.

    Pages are asked for just before the change, so that an entry of a cache is as young as can be: what is
    seen is the longest that a price may be wrong. Prices are put back afterwards.
    """
    header = {"Authorization": f"Bearer {await _token(site)}"}
    pages = [page for _ in range(TRIED) for page in await _pages(site)]
    if not pages:
        raise ProbeError("no product was found whose price could be changed")
    old = {page.product: page.price_cents - 1 for page in pages}
    try:
        for product, price in old.items():
            await _set_price(site, header, product, price + 1)
        changed = monotonic()
        patience_s = min(site.limits.get(PROMISE, DEFAULT_PROMISE_S) + MARGIN_S, LONGEST_S)
        while not all(page.seen for page in pages) and monotonic() - changed < patience_s:
            await site.turn()
            for page in pages:
                if not page.seen:
                    await _look(site, page, monotonic() - changed)
            await asyncio.sleep(EVERY_S)
    finally:
        for product, price in old.items():
            await _set_price(site, header, product, price)
    source = "PUT price in the admin area, then GET product, search and listing until they show it"
    longest = max(page.old_until_s for page in pages)
    return [site.reading("promise.price_seen_after", longest, Unit.SECONDS, source=source)]


async def _token(site: ProbeSite) -> str:
    answer = await site.http.post("/api/sessions", json=_ADMIN)
    if not answer.is_success:
        raise ProbeError(f"the administrator could not sign in: {answer.status_code}")
    return str(answer.json()["token"])


async def _pages(site: ProbeSite) -> list[_Page]:
    """A product's own page, and a search and a listing with a page size that nobody else uses."""
    per_page = random.randint(11, 19)
    slug = random.choice(await _items(site, "/api/categories")).slug
    listing = f"/api/products?category={quote(slug)}&sort=newest&page=1&per_page={per_page}"
    items = await _items(site, listing)
    if not items:
        return []
    chosen = random.choice(items)
    search = f"/api/search?q={quote(chosen.name)}&page=1&per_page={per_page}"
    found = [listing] + [search for item in await _items(site, search) if item.id == chosen.id]
    product = f"/api/products/{chosen.id}"
    price = (await _items(site, product))[0].price_cents
    return [_Page(path, chosen.id, price + 1) for path in (product, *found)]


async def _look(site: ProbeSite, page: _Page, after_s: float) -> None:
    shown = next((item for item in await _items(site, page.path) if item.id == page.product), None)
    if shown is None or shown.price_cents == page.price_cents:
        page.seen = True
    else:
        page.old_until_s = after_s


async def _items(site: ProbeSite, path: str) -> list[_Item]:
    """What a page lists; a page of one thing lists that."""
    answer = await site.http.get(path)
    if answer.status_code != 200:
        raise ProbeError(f"GET {path} was answered with {answer.status_code}")
    body = answer.json()
    return [
        _Item(
            int(each["id"]),
            int(each.get("price_cents", 0)),
            str(each.get("name", "")),
            str(each.get("slug", "")),
        )
        for each in body.get("items", [body])
    ]


async def _set_price(site: ProbeSite, header: dict[str, str], product: int, price_cents: int) -> None:
    body = {"price_cents": price_cents}
    answer = await site.http.put(f"/api/admin/products/{product}", json=body, headers=header)
    if not answer.is_success:
        raise ProbeError(f"the price of product {product} could not be changed: {answer.status_code}")
