"""Whether pages show what is in the tables: pages drawn at random, deep ones too, beside the rows.

A query that answers with less, or with nothing where few look, makes a quick shop and no customer complains.
What a page must show is asked of the tables themselves (which `rows-kept` holds to be those of the start), so
that any query, index, view or cache that gives the right rows is as good as another.
"""

import random
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote_plus

from drillyard.assess.page_judges import (
    FOUND,
    ORDERS,
    ORDERS_OF,
    REVIEWS_OF,
    SHIPPED_SIZE,
    Judge,
    category_page,
    history_page,
    home_page,
    named_words,
    product_page,
    reviews_page,
    search_page,
    share_of,
)
from drillyard.assess.probe import ProbeError, ProbeSite, probe
from drillyard.assess.report_judges import DAYS as REPORT_DAYS
from drillyard.assess.report_judges import PAGES as REPORT_PAGES
from drillyard.assess.shop import ADMIN, bearer, rows
from drillyard.measure.reading import Combine, Reading, Unit
from drillyard.measure.source import Described

DESCRIBES = (Described("content.true.<kind>", Unit.RATIO, Combine.LAST),)
DEEPEST = 62
"""As deep as customers go."""
PAGES = 2
"""Pages drawn of each kind (of a listing: of each order)."""
KINDS = (
    *(f"listing_{order}" for order in ORDERS),
    *("home", "search", "reviews", "product", "history"),
    *(f"report_{name}" for name in REPORT_PAGES),
)
"""Every kind of page that is looked at."""

_CATEGORY = """
    SELECT c.slug, count(*)
      FROM public.categories c
      LEFT JOIN public.categories child ON child.parent_id = c.id
      JOIN public.products p ON p.category_id IN (c.id, child.id) AND p.active
     GROUP BY c.id, c.slug
     ORDER BY count(*) < 60, random()
     LIMIT 1
"""
"""Any category with three pages, or any at all."""
_ANY_NAME = "SELECT name FROM public.products WHERE active ORDER BY random() LIMIT 1"


@dataclass(frozen=True)
class Drawn:
    """One page to look at."""

    kind: str
    path: str
    judge: Judge
    header: Mapping[str, str]


@probe(id="pages-true", seconds=30, gives=tuple(f"content.true.{kind}" for kind in KINDS))
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
        page = answer.json() if answer.is_success else None
    except ValueError:
        page = None
    return await share_of(drawn.judge, site, page)


async def _draw(site: ProbeSite) -> AsyncIterator[Drawn]:
    yield Drawn("home", "/api/home", home_page, {})
    for order in ORDERS:
        for _ in range(PAGES):
            yield await _listing(site, order)
    for _ in range(PAGES):
        yield await _search(site)
        yield await _reviews(site)
        yield await _product(site)
        yield await _history(site)
    header = await _signed_in(site, ADMIN)
    for name, judge in REPORT_PAGES.items():
        days = random.choice(REPORT_DAYS)
        path = f"/api/admin/reports/{name}?days={days}"
        yield Drawn(f"report_{name}", path, judge(days), header)


async def _signed_in(site: ProbeSite, email: str) -> dict[str, str]:
    await site.turn()
    return await bearer(site, email)


async def _listing(site: ProbeSite, order: str) -> Drawn:
    (slug, products), *_ = await rows(site, _CATEGORY)
    number = _any_page(int(products))
    path = f"/api/products?category={slug}&sort={order}&page={number}"
    return Drawn(f"listing_{order}", path, category_page(str(slug), order, number), {})


async def _search(site: ProbeSite) -> Drawn:
    """A word or two of some product's name, and one of the pages of what is found."""
    (name,), *_ = await rows(site, _ANY_NAME)
    parts = [word for word in str(name).lower().split() if word.isalpha()]
    words = random.sample(parts, min(len(parts), random.choice((1, 2))))
    number = _any_page(await _count(site, FOUND, named_words(words)))
    path = f"/api/search?q={quote_plus(' '.join(words))}&page={number}"
    return Drawn("search", path, search_page(words, number), {})


async def _reviews(site: ProbeSite) -> Drawn:
    """All reviews of a product that has some: whoever draws a review draws a product with many."""
    product = await _one_of(site, "reviews", "product_id")
    number = _any_page(await _count(site, REVIEWS_OF, {"product": product}))
    path = f"/api/products/{product}/reviews?page={number}"
    return Drawn("reviews", path, reviews_page(product, number), {})


async def _history(site: ProbeSite) -> Drawn:
    """Orders of somebody who has some, with their lines."""
    named = {"customer": await _one_of(site, "orders", "customer_id")}
    (email,), *_ = await rows(site, "SELECT email FROM public.customers WHERE id = %(customer)s", named)
    header = await _signed_in(site, str(email))
    number = _any_page(await _count(site, ORDERS_OF, named))
    judge = history_page(named["customer"], number)
    return Drawn("history", f"/api/orders?page={number}", judge, header)


async def _product(site: ProbeSite) -> Drawn:
    """A product's page: what it is, how many reviews it has, the newest of them, what else was bought."""
    product = await _one_of(site, "order_lines", "product_id", key="order_id")
    return Drawn("product", f"/api/products/{product}", product_page(product), {})


def _any_page(entries: int) -> int:
    """One of the full pages of so many entries, as deep as customers go."""
    return random.randint(1, max(1, min(DEEPEST, entries // SHIPPED_SIZE)))


async def _one_of(site: ProbeSite, table: str, column: str, *, key: str = "id") -> int:
    """`column` of a row somewhere in `table`, reached by its primary key."""
    found = await rows(
        site,
        f"SELECT {column} FROM public.{table} WHERE {key} >="  # noqa: S608 - names of ours
        f" (SELECT (random() * max({key}))::bigint FROM public.{table}) ORDER BY {key} LIMIT 1",
    )
    if not found:
        raise ProbeError(f"there is nothing in the table {table}")
    return int(found[0][0])


async def _count(site: ProbeSite, query: str, named: Mapping[str, object]) -> int:
    counting = f"SELECT count(*) FROM ({query}) AS listed"  # noqa: S608 - a query of ours
    return int((await rows(site, counting, named))[0][0])
