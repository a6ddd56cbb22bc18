"""Whether pages show what is in the tables: pages drawn at random, deep ones too, beside the rows.

A query that answers with less, or with nothing where few look, makes a quick shop and no customer complains.
What a page must show is asked of the tables themselves (which `rows-kept` holds to be those of the start), so
that any query, index, view or cache that gives the right rows is as good as another.
"""

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

from drillyard.assess.probe import ProbeError, ProbeSite, probe
from drillyard.assess.probes.shop import ADMIN, bearer
from drillyard.measure.reading import Combine, Reading, Unit
from drillyard.measure.source import Described

DESCRIBES = (Described("content.true.<kind>", Unit.RATIO, Combine.LAST),)
SLACK = 5
"""A list in a cache may be a few sales or prices old: an entry may have moved by so many places since."""
DEEPEST = 62
"""As deep as customers go."""
PAGES = 2
"""Pages drawn of each kind (of a listing: of each order)."""
REPORT_DAYS = 30
SHIPPED_SIZE = 20
"""Entries on a page of a list, as the shop is shipped: nobody asked for smaller pages."""
SHIPPED_REVIEWS = 5
"""Reviews on the page of a product that has so many."""

Page = Mapping[str, Any]
Judge = Callable[[Page], Awaitable[float]]
"""Which share of what a page must show it shows, 0 to 1."""


@dataclass(frozen=True)
class Drawn:
    """One page to look at."""

    kind: str
    path: str
    judge: Judge
    header: Mapping[str, str]


_ORDERS = {
    "popularity": "p.popularity DESC, p.id",
    "price": "p.price_cents, p.id",
    "newest": "p.created_at DESC, p.id",
}
_LISTED = (
    "FROM public.products p JOIN public.categories c ON c.id = p.category_id WHERE p.active"
    " AND (c.id = %(category)s OR c.parent_id = %(category)s)"
)
_FOUND = "FROM public.products p WHERE p.active AND p.name ILIKE ALL (%(words)s)"
_ANY_NAME = "SELECT name FROM public.products WHERE active ORDER BY random() LIMIT 1"
_NEW = "SELECT p.id FROM public.products p WHERE p.active ORDER BY p.created_at DESC, p.id"
_REVIEWED = (
    "SELECT product_id, count(*) FROM public.reviews WHERE product_id = ANY (%(ids)s) GROUP BY product_id"
)
_SALES = (
    "SELECT coalesce(sum(l.quantity * l.price_cents), 0) FROM public.orders o"
    " JOIN public.order_lines l ON l.order_id = o.id WHERE o.status <> 'cancelled' AND o.placed_at >"
    " (SELECT max(placed_at) FROM public.orders) - make_interval(days => %(days)s)"
)


KINDS = (
    *(f"listing_{order}" for order in _ORDERS),
    "home",
    "search",
    "reviews",
    "product",
    "history",
    "report",
)
"""Every kind of page that is looked at."""


@probe(id="pages-true", seconds=30, gives=("content.true.",))
async def pages_true(site: ProbeSite) -> Sequence[Reading]:
    """Draw pages of every kind, and give for each kind the share of what they must show that they show.

    A page that is refused, or is no page, shows nothing.

    Raises:
        ProbeError, httpx.HTTPError: the shop does not answer; nothing is proven.
    """
    shares: dict[str, list[float]] = {}
    async for drawn in _draw(site):
        shares.setdefault(drawn.kind, []).append(await _share(site, drawn))
    return [
        site.reading(
            f"content.true.{kind}",
            sum(found) / len(found),
            Unit.RATIO,
            source=f"{len(found)} pages drawn at random beside the rows of the tables",
        )
        for kind, found in shares.items()
    ]


async def _share(site: ProbeSite, drawn: Drawn) -> float:
    await site.turn()
    answer = await site.http.get(drawn.path, headers=drawn.header)
    if answer.is_server_error:
        raise ProbeError(f"GET {drawn.path} was answered with {answer.status_code}")
    try:
        page = answer.json()
        return await drawn.judge(page) if answer.is_success else 0.0
    except (ValueError, LookupError, TypeError, AttributeError):
        return 0.0


async def _draw(site: ProbeSite) -> AsyncIterator[Drawn]:
    yield Drawn("home", "/api/home", _newest(site), {})
    for order in _ORDERS:
        for _ in range(PAGES):
            yield await _listing(site, order)
    for _ in range(PAGES):
        yield await _search(site)
        yield await _reviews(site)
        yield await _product(site)
    for _ in range(PAGES):
        yield await _history(site)
    path = f"/api/admin/reports/sales?days={REPORT_DAYS}"
    yield Drawn("report", path, _sales(site), await _signed_in(site, ADMIN))


async def _signed_in(site: ProbeSite, email: str) -> dict[str, str]:
    await site.turn()
    return await bearer(site, email)


async def _listing(site: ProbeSite, order: str) -> Drawn:
    (category, slug), *_ = await site.sql(
        "SELECT id, slug FROM public.categories ORDER BY random() LIMIT 1", {}
    )
    named = {"category": category}
    number = _any_page(await _count(site, f"SELECT count(*) {_LISTED}", named))
    query = f"SELECT p.id {_LISTED} ORDER BY {_ORDERS[order]}"
    path = f"/api/products?category={slug}&sort={order}&page={number}"
    return Drawn(f"listing_{order}", path, _listed(site, query, named, number, rated=True), {})


async def _search(site: ProbeSite) -> Drawn:
    """A word or two of some product's name, and one of the pages of what is found."""
    (name,), *_ = await site.sql(
        "SELECT name FROM public.products WHERE active ORDER BY random() LIMIT 1", {}
    )
    parts = [word for word in str(name).lower().split() if word.isalpha()]
    words = random.sample(parts, min(len(parts), random.choice((1, 2))))
    named = {"words": [f"%{word}%" for word in words]}
    number = _any_page(await _count(site, f"SELECT count(*) {_FOUND}", named))
    query = f"SELECT p.id {_FOUND} ORDER BY {_ORDERS['popularity']}"
    path = f"/api/search?q={quote_plus(' '.join(words))}&page={number}"
    return Drawn("search", path, _listed(site, query, named, number, rated=True), {})


async def _reviews(site: ProbeSite) -> Drawn:
    """All reviews of a product that has some: whoever draws a review draws a product with many."""
    named = {"product": await _one_of(site, "reviews", "product_id")}
    number = _any_page(
        await _count(site, "SELECT count(*) FROM public.reviews WHERE product_id = %(product)s", named)
    )
    query = "SELECT id FROM public.reviews WHERE product_id = %(product)s ORDER BY id DESC"
    path = f"/api/products/{named['product']}/reviews?page={number}"
    return Drawn("reviews", path, _listed(site, query, named, number), {})


async def _history(site: ProbeSite) -> Drawn:
    """Orders of somebody who has some, with their lines."""
    customer = await _one_of(site, "orders", "customer_id")
    (email,), *_ = await site.sql(
        "SELECT email FROM public.customers WHERE id = %(customer)s", {"customer": customer}
    )
    header = await _signed_in(site, str(email))
    named = {"customer": customer}
    number = _any_page(
        await _count(site, "SELECT count(*) FROM public.orders WHERE customer_id = %(customer)s", named)
    )
    query = "SELECT id FROM public.orders WHERE customer_id = %(customer)s ORDER BY id DESC"
    whole = _listed(site, query, named, number)

    async def judge(page: Page) -> float:
        wanted = [order for order in page["items"] if _adds_up(order)]
        return await whole({**page, "items": wanted})

    return Drawn("history", f"/api/orders?page={number}", judge, header)


async def _product(site: ProbeSite) -> Drawn:
    """A product's page: what it is, how many reviews it has, the newest of them, what else was bought."""
    product = await _one_of(site, "order_lines", "product_id", key="order_id")
    return Drawn("product", f"/api/products/{product}", _page_of_product(site, product), {})


def _page_of_product(site: ProbeSite, product: int) -> Judge:
    named = {"product": product}

    async def judge(page: Page) -> float:
        (name, description, slug, reviews), *_ = await site.sql(
            "SELECT p.name, p.description, c.slug,"
            " (SELECT count(*) FROM public.reviews WHERE product_id = p.id)"
            " FROM public.products p JOIN public.categories c ON c.id = p.category_id"
            " WHERE p.id = %(product)s",
            named,
        )
        shown = [review["id"] for review in page["reviews"]]
        newest = await _ids(
            site,
            "SELECT id FROM public.reviews WHERE product_id = %(product)s ORDER BY id DESC",
            named,
            first=0,
            entries=max(len(shown), 1) + SLACK,
        )
        beside = [other["id"] for other in page["recommendations"]]
        bought = await _ids(
            site,
            "SELECT DISTINCT other.product_id FROM public.order_lines mine"
            " JOIN public.order_lines other USING (order_id)"
            " WHERE mine.product_id = %(product)s AND other.product_id <> %(product)s",
            named,
            first=0,
            entries=1_000_000,
        )
        facts = (
            (page["id"], page["name"], page["description"], page["category"])
            == (product, name, description, slug),
            abs(page["rating"]["reviews"] - reviews) <= SLACK,
            set(shown) <= set(newest) and len(set(shown)) >= min(reviews, SHIPPED_REVIEWS),
            set(beside) <= set(bought) and (bool(beside) or not bought),
        )
        return float(sum(facts)) / len(facts)

    return judge


def _newest(site: ProbeSite) -> Judge:
    """The home page's new products."""

    async def judge(page: Page) -> float:
        shown = page["new"]
        wanted = await _ids(site, _NEW, {}, first=0, entries=max(len(shown), 1))
        return _overlap(wanted, wanted, [item["id"] for item in shown])

    return judge


def _sales(site: ProbeSite) -> Judge:
    """What was sold, over all categories; a report may be as old as the few orders since."""

    async def judge(page: Page) -> float:
        reported = sum(float(each["amount_cents"]) for each in page["by_category"])
        (sold,), *_ = await site.sql(_SALES, {"days": REPORT_DAYS})
        return min(reported, float(sold)) / max(reported, float(sold), 1.0)

    return judge


def _listed(
    site: ProbeSite, query: str, named: Mapping[str, object], number: int, *, rated: bool = False
) -> Judge:
    """Page `number` of a list whose ids `query` gives in order: all are there, about in their place."""
    first = (number - 1) * SHIPPED_SIZE
    before = min(first, SLACK)

    async def judge(page: Page) -> float:
        items = page["items"]
        around = await _ids(site, query, named, first=first - before, entries=before + SHIPPED_SIZE + SLACK)
        wanted = around[before : before + SHIPPED_SIZE]
        if rated:
            items = await _rightly_rated(site, items)
        return _overlap(wanted, around, [item["id"] for item in items])

    return judge


async def _rightly_rated(site: ProbeSite, items: Sequence[Page]) -> list[Page]:
    """Those with as many reviews as the table has of them."""
    rows = await site.sql(_REVIEWED, {"ids": [int(item["id"]) for item in items]})
    counted = {int(product): int(count) for product, count in rows}
    return [item for item in items if abs(item["rating"]["reviews"] - counted.get(item["id"], 0)) <= SLACK]


def _overlap(wanted: Sequence[int], around: Sequence[int], shown: Sequence[int]) -> float:
    """Share of `wanted` that is shown, where an entry from a few places away counts as well; each once."""
    if not wanted:
        return 1.0 if not shown else 0.0
    return min(1.0, len(set(shown) & set(around)) / len(wanted))


def _adds_up(order: Page) -> bool:
    lines = order["lines"]
    return (
        bool(lines) and sum(line["quantity"] * line["price_cents"] for line in lines) == order["amount_cents"]
    )


def _any_page(entries: int) -> int:
    """One of the full pages of so many entries, as deep as customers go."""
    return random.randint(1, max(1, min(DEEPEST, entries // SHIPPED_SIZE)))


async def _one_of(site: ProbeSite, table: str, column: str, *, key: str = "id") -> int:
    """`column` of a row somewhere in `table`, reached by its primary key."""
    rows = await site.sql(
        f"SELECT {column} FROM public.{table} WHERE {key} >="  # noqa: S608 - names of ours
        f" (SELECT floor(random() * max({key})) FROM public.{table}) ORDER BY {key} LIMIT 1",
        {},
    )
    if not rows:
        raise ProbeError(f"there is nothing in the table {table}")
    return int(rows[0][0])


async def _count(site: ProbeSite, query: str, named: Mapping[str, object]) -> int:
    return int((await site.sql(query, named))[0][0])


async def _ids(
    site: ProbeSite, query: str, named: Mapping[str, object], *, first: int, entries: int
) -> list[int]:
    paged = {**named, "first": first, "entries": entries}
    return [int(row[0]) for row in await site.sql(f"{query} LIMIT %(entries)s OFFSET %(first)s", paged)]
