"""How soon a changed price is on the pages: tried, because a page can say anything of its own age."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import quote

from drillyard.assess.probe import ProbeError, ProbeSite, probe, said
from drillyard.assess.shop import ADMIN, UNANSWERED, bearer
from drillyard.base.clock import monotonic
from drillyard.measure.reading import Combine, Reading, Unit
from drillyard.measure.source import Described

DESCRIBES = (Described("promise.price_seen_after", Unit.SECONDS, Combine.LAST),)
HOT = range(1, 1000)
"""Products that many ask for, by their rank; drawn as customers draw them (Zipf): mostly the very first."""
EVERY_S = 0.5
SETUP_S = 12.0
"""So long a shop that hardly answers is asked again for pages and for a change of price."""
LATER_S = 4.0
"""Once some prices are changed, so long others are tried: the first are watched from their change on."""
YOUNG_S = 4.0
"""A page that was asked for longer ago than this when its price changed says too little about the promise."""
RESTORE_S = 3.0
"""So long it is tried to put prices back; one that cannot be put back stays a cent higher."""
LONGEST_S = 120.0
MARGIN_S = 5.0
"""A price that was not seen this long after the promise is not waited for any longer."""
LEEWAY_S = 1.0
"""A cache counts an entry's lifetime from when the page was made, and that may begin before the price changes
and end after it: by so much a correct shop may be later than the lifetime that it is set to.
"""
PROMISE = "promise.price_stale_s"
DEFAULT_PROMISE_S = 30.0


@dataclass(frozen=True)
class _Item:
    """One product or category, as a page lists it."""

    id: int
    price_cents: int
    name: str
    slug: str


@dataclass
class _Page:
    kind: str
    path: str
    product: int
    price_cents: int
    """The new price."""
    changed: float = 0.0
    """When it was changed, on the monotonic clock."""
    old_until_s: float = 0.0
    """Seconds after the change when the old price was last seen."""
    seen: bool = False
    gone: bool = False
    """It does not list the product any more."""
    problem: str = ""

    @property
    def settled(self) -> bool:
        """Whether there is nothing more to learn of it."""
        return self.seen or self.gone


_Find = Callable[[ProbeSite], Awaitable[tuple[list[_Page], int]]]
"""Finds a product, the pages that show its price, and that price."""


@probe(id="price-staleness", seconds=LONGEST_S, gives=("promise.price",))
async def price_staleness(site: ProbeSite) -> Sequence[Reading]:
    """Change prices of some products, and watch the pages until they show it.

    Pages of a size that nobody else asks for are asked for just before the change, so that an entry of a
    cache is as young as can be: what is seen is the longest that a price may be wrong. The home page, a
    product that many ask for and pages of the usual size are everybody's, and their entries of any age: a
    lifetime that is a little too long may pass there by luck, one of hours does not. Prices are put back
    afterwards. A page that is not answered is asked again; one that was neither seen with the new price nor
    with the old one for too long proves nothing.

    Raises:
        ProbeError: whether the promise is kept could not be found out.
    """
    promised_s = site.limits.get(PROMISE, DEFAULT_PROMISE_S)
    watched = _Watched(site)
    try:
        await watched.change_prices()
        await watched.watch(min(promised_s + LEEWAY_S, LONGEST_S))
    finally:
        await watched.put_back()
    source = "PUT price in the admin area, then GET home, product, search and listing until they show it"
    longest_s = watched.longest_s
    if longest_s <= promised_s + LEEWAY_S:
        watched.require_all_seen()
    return [site.reading("promise.price_seen_after", longest_s, Unit.SECONDS, source=source)]


@dataclass
class _Watched:
    """Products whose price was changed, and the pages that should show it."""

    site: ProbeSite
    header: dict[str, str] = field(default_factory=dict)
    old: dict[int, int] = field(default_factory=dict)
    pages: list[_Page] = field(default_factory=list)

    @property
    def longest_s(self) -> float:
        """The longest time after its change at which an old price was seen."""
        return max((page.old_until_s for page in self.pages), default=0.0)

    async def change_prices(self) -> None:
        """Change the prices of some products; asks again where there is no answer.

        Raises:
            ProbeError: not one could be changed.
        """
        begun, problem = monotonic(), "no product was found whose price could be changed"
        left = list(_FINDERS)
        while left and (len(left) == len(_FINDERS) or monotonic() < begun + LATER_S):
            await self.site.turn()
            if not self.header:
                try:
                    self.header = await bearer(self.site, ADMIN)
                except UNANSWERED as error:
                    problem = said(error)
            done = await asyncio.gather(*map(self._change_one, left), return_exceptions=True)
            for each in done:
                if isinstance(each, UNANSWERED):
                    problem = said(each)
                elif isinstance(each, BaseException):
                    raise each
            left = [find for find, changed in zip(left, done, strict=True) if changed is not True]
            if len(left) == len(_FINDERS) and monotonic() >= begun + SETUP_S:
                raise ProbeError(problem)
            if left:
                await asyncio.sleep(EVERY_S)

    async def _change_one(self, find: _Find) -> bool:
        asked = monotonic()
        pages, price_cents = await find(self.site)
        if not pages or pages[0].product in self.old:
            return False
        product = pages[0].product
        self.old[product] = price_cents
        await _set_price(self.site, self.header, product, price_cents + 1)
        changed = monotonic()
        if changed - asked > YOUNG_S:
            raise ProbeError(
                f"the shop took {changed - asked:.0f} s to show a few pages and to change a price"
            )
        for page in pages:
            page.changed = changed
        self.pages += pages
        return True

    async def watch(self, broken_s: float) -> None:
        """Look until all pages show the new price, one showed the old one after `broken_s`, or for ever long
        enough.
        """
        end = max(page.changed for page in self.pages) + broken_s + MARGIN_S
        while (waiting := [page for page in self.pages if not page.settled]) and monotonic() < end:
            await self.site.turn()
            await asyncio.gather(*(self._look(page) for page in waiting))
            if self.longest_s > broken_s:
                return
            await asyncio.sleep(EVERY_S)

    async def _look(self, page: _Page) -> None:
        asked = monotonic()
        try:
            items = await _items(self.site, page.path)
        except UNANSWERED as error:
            page.problem = said(error)
            return
        page.problem = ""
        shown = next((item for item in items if item.id == page.product), None)
        if shown is None:
            page.gone = True
        elif shown.price_cents == page.price_cents:
            page.seen = True
        else:
            page.old_until_s = asked - page.changed

    def require_all_seen(self) -> None:
        """Hold that every page showed the new price.

        Raises:
            ProbeError: one did not, or no page of its kind lists the product any more.
        """
        for page in self.pages:
            if not page.settled:
                last = (
                    page.problem
                    or f"the old price was there when it was last looked at, after {page.old_until_s:.0f} s"
                )
                raise ProbeError(f"GET {page.path} never showed the new price: {last}")
        unseen = {page.kind for page in self.pages} - {page.kind for page in self.pages if page.seen}
        if unseen:
            raise ProbeError(
                f"a {sorted(unseen)[0]} page listed a product, and did not any more a little later"
            )

    async def put_back(self) -> None:
        """Put the prices back, as far as the shop lets us in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(RESTORE_S):
                await asyncio.gather(*(self._put_back_one(*each) for each in self.old.items()))

    async def _put_back_one(self, product: int, price_cents: int) -> None:
        while True:
            try:
                await _set_price(self.site, self.header, product, price_cents)
                return
            except UNANSWERED:
                await asyncio.sleep(EVERY_S)


async def _home_pages(site: ProbeSite) -> tuple[list[_Page], int]:
    """One of the new products on the home page, which is the same for everybody: its entry may be older."""
    items = await _items(site, "/api/home")
    if not items:
        return [], 0
    chosen = random.choice(items)
    price_cents = next((item.price_cents for item in await _items(site, f"/api/products/{chosen.id}")), 0)
    return [_Page("home", "/api/home", chosen.id, price_cents + 1)], price_cents


async def _hot_page(site: ProbeSite) -> tuple[list[_Page], int]:
    """The page of a product that many ask for: its entry in a cache is of any age, as the home page's is."""
    (product,) = random.choices(HOT, weights=[1 / rank for rank in HOT])
    path = f"/api/products/{product}"
    for item in await _items(site, path):
        return [_Page("product", path, item.id, item.price_cents + 1)], item.price_cents
    return [], 0


async def _pages(site: ProbeSite) -> tuple[list[_Page], int]:
    """A product's own page, and a search and a listing with a page size that nobody else uses; its price."""
    return await _pages_of(site, f"&per_page={random.randint(11, 19)}")


async def _usual_pages(site: ProbeSite) -> tuple[list[_Page], int]:
    """The same, as customers ask for them: their entries in a cache are of any age."""
    return await _pages_of(site, "")


async def _pages_of(site: ProbeSite, size: str) -> tuple[list[_Page], int]:
    categories = await _items(site, "/api/categories")
    if not categories:
        return [], 0
    slug = random.choice(categories).slug
    listing = f"/api/products?category={quote(slug)}&sort=newest&page=1{size}"
    items = await _items(site, listing)
    if not items:
        return [], 0
    chosen = random.choice(items)
    search = f"/api/search?q={quote(chosen.name)}&page=1{size}"
    paths = {"product": f"/api/products/{chosen.id}", "listing": listing}
    if any(item.id == chosen.id for item in await _items(site, search)):
        paths["search"] = search
    price_cents = next((item.price_cents for item in await _items(site, paths["product"])), 0)
    return [_Page(kind, path, chosen.id, price_cents + 1) for kind, path in paths.items()], price_cents


_FINDERS: Sequence[_Find] = (_home_pages, _hot_page, _usual_pages, _pages)
"""One price is changed for each."""


async def _items(site: ProbeSite, path: str) -> list[_Item]:
    """What a page lists (the home page: what is new); a page of one thing lists that."""
    answer = await site.http.get(path)
    if answer.status_code != 200:
        raise ProbeError(f"GET {path} was answered with {answer.status_code}")
    try:
        body = answer.json()
        return [
            _Item(
                int(each["id"]),
                int(each.get("price_cents", 0)),
                str(each.get("name", "")),
                str(each.get("slug", "")),
            )
            for each in body.get("items", body.get("new", [body]))
        ]
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise ProbeError(f"GET {path} was answered with something else: {error!r}") from error


async def _set_price(site: ProbeSite, header: dict[str, str], product: int, price_cents: int) -> None:
    body = {"price_cents": price_cents}
    answer = await site.http.put(f"/api/admin/products/{product}", json=body, headers=header)
    if not answer.is_success:
        raise ProbeError(f"the price of product {product} could not be changed: {answer.status_code}")
