"""What a page of the shop must show, by the rows of its tables. Each function gives a judge of one page.

A judge gives the share, 0 to 1, of what the page must show that it shows. Entries of a list count when they
are among the right rows, give or take a few places, and say of themselves what the tables say.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from drillyard.assess.probe import ProbeSite
from drillyard.assess.shop import rows
from drillyard.base.clock import wall

SLACK = 5
"""A list in a cache may be a few sales or prices old: an entry may have moved by so many places since."""
SHIPPED_SIZE = 20
"""Entries on a page of a list, as the shop is shipped: nobody asked for smaller pages."""
SHIPPED_REVIEWS = 5
"""Reviews on the page of a product that has so many."""
SHIPPED_BESIDE, FORGIVEN_BESIDE = 6, 2
"""Recommendations on the page of a product in whose newest orders so many others stood when they were made.
So many fewer are forgiven: the shop may have counted over other orders than the judge.
"""
BESIDE_KEPT_S = 3600.0
"""A cache may keep recommendations so long: as shipped it does for 600 s, and what has no price and no stock
may well be kept for longer.
"""
SHIPPED_HOME = 12
"""Products in each row of the home page."""
BEST = 60
"""A bestseller, counted over however many orders, is among so many of the newest `BEST_ORDERS`."""
BEST_ORDERS = 5_000
ORDERS = {
    "popularity": "p.popularity DESC, p.id",
    "price": "p.price_cents, p.id",
    "newest": "p.created_at DESC, p.id",
}

Page = Mapping[str, Any]
Named = Mapping[str, object]
Judge = Callable[[ProbeSite, Page], Awaitable[float]]
Right = Callable[[ProbeSite, Sequence[Page]], Awaitable[Sequence[Page]]]
"""Those entries of a page that say of themselves what the tables say."""

_NEW = f"SELECT p.id FROM public.products p WHERE p.active ORDER BY {ORDERS['newest']}"  # noqa: S608 - ours
_SELLING = """
    SELECT product_id FROM public.order_lines
     WHERE order_id >= coalesce(
               (SELECT id FROM public.orders ORDER BY id DESC OFFSET %(orders)s - 1 LIMIT 1), 0)
     GROUP BY product_id ORDER BY sum(quantity) DESC
"""
_PRODUCTS = """
    SELECT p.id, p.name, p.price_cents, count(r.id)
      FROM public.products p LEFT JOIN public.reviews r ON r.product_id = p.id
     WHERE p.id = ANY (%(ids)s) GROUP BY p.id
"""
_REVIEWS = """
    SELECT r.id, r.body, r.rating, c.name
      FROM public.reviews r JOIN public.customers c ON c.id = r.customer_id
     WHERE r.id = ANY (%(ids)s)
"""
_PRODUCT = """
    SELECT p.name, p.description, c.slug, (SELECT count(*) FROM public.reviews WHERE product_id = p.id)
      FROM public.products p JOIN public.categories c ON c.id = p.category_id
     WHERE p.id = %(product)s
"""
_NEWEST_REVIEWS = "SELECT id FROM public.reviews WHERE product_id = %(product)s ORDER BY id DESC"
_BOUGHT_BESIDE = """
    SELECT DISTINCT other.product_id
      FROM public.order_lines mine JOIN public.order_lines other USING (order_id)
     WHERE mine.product_id = %(product)s AND other.product_id <> %(product)s
"""
_NEWEST_BESIDE = """
    SELECT count(DISTINCT other.product_id)
      FROM (SELECT l.order_id FROM public.order_lines l JOIN public.orders o ON o.id = l.order_id
             WHERE l.product_id = %(product)s AND o.placed_at <= to_timestamp(%(settled)s)
             ORDER BY l.order_id DESC LIMIT 50) mine
      JOIN public.order_lines other USING (order_id)
     WHERE other.product_id <> %(product)s
"""
_ORDER = """
    SELECT o.amount_cents, count(l.product_id), coalesce(sum(l.quantity::bigint * l.price_cents), 0)
      FROM public.orders o LEFT JOIN public.order_lines l ON l.order_id = o.id
     WHERE o.id = %(order)s GROUP BY o.id
"""
_ORDERS = "SELECT id, customer_id, amount_cents FROM public.orders WHERE id = ANY (%(ids)s)"
UNDER_WAY_S = 10.0
"""An order may be under way so long before others see it."""
_RUN = """
    SELECT id, placed_at <= to_timestamp(%(settled)s) FROM public.orders
     WHERE id <= %(top)s ORDER BY id DESC LIMIT %(entries)s
"""
_ABOVE = """
    SELECT count(*), count(*) FILTER (WHERE placed_at <= to_timestamp(%(settled)s))
      FROM public.orders WHERE id > %(top)s
"""
_EVERYTHING = 1_000_000
_LISTED = """
    SELECT p.id FROM public.products p JOIN public.categories c ON c.id = p.category_id
      LEFT JOIN public.categories parent ON parent.id = c.parent_id
     WHERE p.active AND (c.slug = %(category)s OR parent.slug = %(category)s)
"""
FOUND = "SELECT p.id FROM public.products p WHERE p.active AND p.name ILIKE ALL (%(words)s)"
REVIEWS_OF = "SELECT id FROM public.reviews WHERE product_id = %(product)s"
ORDERS_OF = "SELECT id FROM public.orders WHERE customer_id = %(customer)s"
_SETTLED = " AND (placed_at <= to_timestamp(%(settled)s) OR id = ANY (%(shown)s))"


async def share_of(judge: Judge, site: ProbeSite, page: Any) -> float:
    """What `judge` gives; a page of another shape shows nothing."""
    try:
        return await judge(site, page)
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError):
        return 0.0


async def home_page(site: ProbeSite, page: Page) -> float:
    """As many bestsellers and new products as the shop had, the right ones."""
    new = await _ids(site, _NEW, {}, entries=max(len(page["new"]), SHIPPED_HOME))
    selling = set(await _ids(site, _SELLING, {"orders": BEST_ORDERS}, entries=BEST))
    right = await _right_products(site, [*page["new"], *page["bestsellers"]])
    shown = {item["id"] for item in right}
    best = {item["id"] for item in page["bestsellers"]} & selling & shown
    wanted = max(1, min(SHIPPED_HOME, len(selling)))
    return (_overlap(new, new, [each for each in new if each in shown]) + min(1.0, len(best) / wanted)) / 2


def category_page(slug: str, order: str, number: int) -> Judge:
    """Page `number` of a category's products, those of its subcategories with them, in one of `ORDERS`."""
    return _list(f"{_LISTED} ORDER BY {ORDERS[order]}", {"category": slug}, number, _right_products)


def search_page(words: Sequence[str], number: int) -> Judge:
    """Page `number` of the products whose names have all of `words`."""
    return _list(f"{FOUND} ORDER BY {ORDERS['popularity']}", named_words(words), number, _right_products)


def named_words(words: Sequence[str]) -> Named:
    """`words` as `FOUND` wants them."""
    return {"words": [f"%{word}%" for word in words]}


def reviews_page(product: int, number: int) -> Judge:
    """Page `number` of a product's reviews, newest first."""
    return _list(f"{REVIEWS_OF} ORDER BY id DESC", {"product": product}, number, _right_reviews)


def history_page(customer: int, number: int, *, until: float | None = None) -> Judge:
    """Page `number` of a customer's orders, newest first, with lines that add up.

    `until` is when it was shown (seconds since the epoch), for a page of some time ago: an order that was
    under way then may be on it or not.
    """
    if until is None:
        return _list(f"{ORDERS_OF} ORDER BY id DESC", {"customer": customer}, number, _right_orders)
    settled = until - UNDER_WAY_S

    async def judge(site: ProbeSite, page: Page) -> float:
        shown = [int(item["id"]) for item in page["items"]]
        named = {"customer": customer, "settled": settled, "shown": shown}
        query = f"{ORDERS_OF}{_SETTLED} ORDER BY id DESC"
        return await _list(query, named, number, _right_orders)(site, page)

    return judge


def all_orders_page(number: int, *, until: float | None = None) -> Judge:
    """Page `number` of everybody's orders, newest first; `until` as for a history.

    Orders are placed all the while: what it shows has to be a run of them without holes (but for those that
    were under way), as far from the newest as the page's number says.
    """

    async def judge(site: ProbeSite, page: Page) -> float:
        settled = (until or wall()) - UNDER_WAY_S
        shown = {int(item["id"]) for item in await _known_orders(site, page["items"])}
        if not shown:
            return 0.0
        size = max(int(page["per_page"]), SHIPPED_SIZE)
        named = {"top": max(shown), "entries": size, "settled": settled}
        run = await rows(site, _RUN, named)
        wanted = {int(order) for order, is_settled in run if is_settled or order in shown}
        ((above, settled_above),) = await rows(site, _ABOVE, named)
        first = (number - 1) * size
        in_place = above >= first - SLACK and settled_above <= first + SLACK
        return len(wanted & shown) / len(wanted) if in_place else 0.0

    return judge


def product_page(product: int, *, until: float | None = None) -> Judge:
    """A product's page; `until` as for a history.

    Recommendations may be as old as a cache may keep them: what only later orders recommend is not missed.
    """
    named = {"product": product}

    async def judge(site: ProbeSite, page: Page) -> float:
        settled = (until or wall()) - BESIDE_KEPT_S - UNDER_WAY_S
        (name, description, slug, reviews), *_ = await rows(site, _PRODUCT, named)
        shown = {review["id"] for review in await _right_reviews(site, page["reviews"])}
        least = min(int(reviews), SHIPPED_REVIEWS)
        newest = await _ids(site, _NEWEST_REVIEWS, named, entries=max(len(page["reviews"]), least) + SLACK)
        beside = {other["id"] for other in page["recommendations"]}
        (settled_beside,), *_ = await rows(site, _NEWEST_BESIDE, {**named, "settled": settled})
        bought = set(await _ids(site, _BOUGHT_BESIDE, named, entries=_EVERYTHING))
        facts = (
            [page["id"], page["name"], page["description"], page["category"]]
            == [product, name, description, slug],
            abs(page["rating"]["reviews"] - reviews) <= SLACK,
            shown <= set(newest) and len(shown) >= least,
            beside <= bought and len(beside) >= min(SHIPPED_BESIDE, int(settled_beside)) - FORGIVEN_BESIDE,
        )
        return float(sum(facts)) / len(facts)

    return judge


def order_page(order: int) -> Judge:
    """An order's own page: its amount, and lines that are those of the tables."""

    async def judge(site: ProbeSite, page: Page) -> float:
        (amount, lines, worth), *_ = await rows(site, _ORDER, {"order": order})
        facts = (
            [page["id"], page["amount_cents"]] == [order, amount],
            len(page["lines"]) == lines,
            sum(line["quantity"] * line["price_cents"] for line in page["lines"]) == worth,
        )
        return float(sum(facts)) / len(facts)

    return judge


def _list(query: str, named: Named, number: int, right: Right) -> Judge:
    async def judge(site: ProbeSite, page: Page) -> float:
        size = max(int(page["per_page"]), SHIPPED_SIZE)
        first = (number - 1) * size
        before = min(first, SLACK)
        around = await _ids(site, query, named, first=first - before, entries=before + size + SLACK)
        shown = [item["id"] for item in await right(site, page["items"])]
        return _overlap(around[before : before + size], around, shown)

    return judge


async def _right_products(site: ProbeSite, items: Sequence[Page]) -> Sequence[Page]:
    """With the name, about the price (a probe changes one by a cent) and the number of reviews of the row."""
    known = {row[0]: row for row in await rows(site, _PRODUCTS, {"ids": [int(item["id"]) for item in items]})}

    def right(item: Page) -> bool:
        if item["id"] not in known:
            return False
        _, name, price_cents, reviews = known[item["id"]]
        return bool(
            item["name"] == name
            and abs(item["price_cents"] - price_cents) <= 1
            and abs(item["rating"]["reviews"] - reviews) <= SLACK
        )

    return [item for item in items if right(item)]


async def _right_reviews(site: ProbeSite, items: Sequence[Page]) -> Sequence[Page]:
    """With text, rating and author of the row."""
    known = {row[0]: row for row in await rows(site, _REVIEWS, {"ids": [int(item["id"]) for item in items]})}
    return [
        item
        for item in items
        if known.get(item["id"]) == (item["id"], item["body"], item["rating"], item["author"])
    ]


async def _known_orders(site: ProbeSite, items: Sequence[Page]) -> Sequence[Page]:
    """With the amount and the customer of the row."""
    ids = {"ids": [int(item["id"]) for item in items]}
    known = {row[0]: row[1:] for row in await rows(site, _ORDERS, ids)}
    return [item for item in items if known.get(item["id"]) == (item["customer_id"], item["amount_cents"])]


async def _right_orders(_: ProbeSite, items: Sequence[Page]) -> Sequence[Page]:
    """With lines that come to the order's amount."""
    return [
        item
        for item in items
        if item["lines"]
        and sum(line["quantity"] * line["price_cents"] for line in item["lines"]) == item["amount_cents"]
    ]


def _overlap(wanted: Sequence[int], around: Sequence[int], shown: Sequence[int]) -> float:
    """Share of `wanted` that is shown, where an entry from a few places away counts as well; each once."""
    if not wanted:
        return 1.0 if not shown else 0.0
    return min(1.0, len(set(shown) & set(around)) / len(wanted))


async def _ids(site: ProbeSite, query: str, named: Named, *, first: int = 0, entries: int) -> list[int]:
    paged = {**named, "first": first, "entries": entries}
    return [int(row[0]) for row in await rows(site, f"{query} LIMIT %(entries)s OFFSET %(first)s", paged)]
