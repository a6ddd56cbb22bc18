"""What the shop's reports must say, by the rows of its tables.

Each function gives a judge, as `page_judges` does: of a report that is worked out on the spot (`sales_page`
and its like) or that a worker made (`sales_rows` and its like). Figures by key are held against each other
twice, and the worse counts: as a whole, by the share that both have of the larger ones (sum of minima over
sum of maxima, Ružička 1958), so that what is small may be off; and key by key, so that no few large ones
stand for all. A report may be as old as the scenario promises (`report_stale_s`).
"""

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Protocol

from drillyard.assess.page_judges import Judge, Page
from drillyard.assess.probe import ProbeSite
from drillyard.assess.shop import rows
from drillyard.base.clock import wall

DAYS = (1, 7, 30)
"""The periods that customers of reports ask for."""
PROMISE = "promise.report_stale_s"
DEFAULT_STALE_S = 120.0
PAGE_ENTRIES = 50
"""Entries of the inventory and customers reports that are worked out on the spot, as shipped."""
INVENTORY_ENTRIES, CUSTOMER_ENTRIES = 500, 100
"""Entries of those that a worker makes, as shipped."""
MOVED = 2
"""An entry counts when it is among so many times the entries now: stock and sales have moved it since."""
MADE_WITHIN_S = 180.0
"""A report that was asked for so long ago is made, however unimportant it is."""
CLOCK_S = 10.0
"""A promise is answered within so many seconds of its row."""
STOCK_OFF, STOCK_OFF_SHARE, RESTOCKED = 10, 0.2, 0.2
"""Stock may be off by so many pieces, or so much of it; so many of the entries may have been delivered."""

Figures = Mapping[Hashable, Sequence[float]]
"""By key: the figures, and after them how much of each is recent."""


class ReportJudge(Protocol):
    """Gives the judge of a report over `days`, shown at `until` (seconds since the epoch) or now."""

    def __call__(self, days: int, *, until: float | None = None) -> Judge:
        """The judge."""


# The orders that a report over `days` was about at the time `until`.
_SOLD = """
    SELECT o.id, o.customer_id, o.amount_cents, o.status, to_char(o.placed_at, 'YYYY-MM-DD') AS day,
           o.placed_at > to_timestamp(%(until)s - %(stale)s) AS recent
      FROM public.orders o
     WHERE o.placed_at <= to_timestamp(%(until)s)
       AND o.placed_at > (SELECT max(placed_at) FROM public.orders WHERE placed_at <= to_timestamp(%(until)s))
                         - make_interval(days => %(days)s)
"""
_BY_DAY = f"""
    SELECT day, sum(amount_cents), count(*), coalesce(sum(amount_cents) FILTER (WHERE recent), 0),
           count(*) FILTER (WHERE recent)
      FROM ({_SOLD}) AS sold
     WHERE status <> 'cancelled' GROUP BY day
"""  # noqa: S608 - queries of ours, here and below
_BY_DAY_AND_CATEGORY = f"""
    SELECT day, c.slug, sum(l.quantity::bigint * l.price_cents), sum(l.quantity), count(DISTINCT sold.id),
           coalesce(sum(l.quantity::bigint * l.price_cents) FILTER (WHERE recent), 0),
           coalesce(sum(l.quantity) FILTER (WHERE recent), 0),
           count(DISTINCT sold.id) FILTER (WHERE recent)
      FROM ({_SOLD}) AS sold
      JOIN public.order_lines l ON l.order_id = sold.id
      JOIN public.products p ON p.id = l.product_id
      JOIN public.categories c ON c.id = p.category_id
     WHERE sold.status <> 'cancelled' GROUP BY day, c.slug
"""  # noqa: S608
_UNITS = f"""
    SELECT l.product_id, sum(l.quantity) AS units,
           coalesce(sum(l.quantity) FILTER (WHERE recent), 0) AS recent
      FROM ({_SOLD}) AS sold JOIN public.order_lines l ON l.order_id = sold.id
     GROUP BY l.product_id
"""  # noqa: S608
_LASTING = f"""
    SELECT u.product_id, s.on_hand::float8 / u.units, u.units, u.recent
      FROM ({_UNITS}) AS u JOIN public.stock s ON s.product_id = u.product_id
"""  # noqa: S608
_SPENT = f"""
    SELECT customer_id, -sum(amount_cents), sum(amount_cents), count(*),
           coalesce(sum(amount_cents) FILTER (WHERE recent), 0), count(*) FILTER (WHERE recent)
      FROM ({_SOLD}) AS sold
     WHERE status <> 'cancelled' GROUP BY customer_id
"""  # noqa: S608
_PRODUCTS = """
    SELECT p.id, p.name, s.on_hand FROM public.products p JOIN public.stock s ON s.product_id = p.id
     WHERE p.id = ANY (%(ids)s)
"""
_PROMISED = """
    SELECT name, days, finished_at IS NOT NULL, extract(epoch FROM requested_at)::float8
      FROM public.reports WHERE id = %(number)s
"""
_NAMES = "SELECT id, name FROM public.customers WHERE id = ANY (%(ids)s)"
_RATINGS = """
    SELECT customer_id, avg(rating)::float8 FROM public.reviews WHERE customer_id = ANY (%(ids)s) GROUP BY 1
"""


def sales_page(days: int, *, until: float | None = None) -> Judge:
    """What was sold by day and by category."""

    async def judge(site: ProbeSite, page: Page, at: float) -> float:
        by_category = _by_category(await _sold(site, days, at))
        by_day = {day: _floats(figures) for day, *figures in await _rows(site, _BY_DAY, days, at)}
        return min(
            _shared(_said(page["by_day"], _day, "amount_cents"), by_day, 0),
            _shared(_said(page["by_day"], _day, "orders"), by_day, 1),
            _shared(_said(page["by_category"], _category, "amount_cents"), by_category, 0),
            _shared(_said(page["by_category"], _category, "units"), by_category, 1),
        )

    return _as_of(judge, until)


def sales_rows(days: int, *, until: float | None = None) -> Judge:
    """What was sold by day and category, as a worker sums it up."""

    async def judge(site: ProbeSite, page: Page, at: float) -> float:
        sold = await _sold(site, days, at)
        figures = ("amount_cents", "units", "orders")
        return min(
            _shared(_said(page["rows"], _day_and_category, figure), sold, column)
            for column, figure in enumerate(figures)
        )

    return _as_of(judge, until)


def inventory_page(days: int, *, until: float | None = None) -> Judge:
    """What will be sold out first, and how many were sold."""
    return _inventory("items", PAGE_ENTRIES, days, until)


def inventory_rows(days: int, *, until: float | None = None) -> Judge:
    """The same, as a worker sums it up."""
    return _inventory("rows", INVENTORY_ENTRIES, days, until)


def customers_page(days: int, *, until: float | None = None) -> Judge:
    """Who bought most, how often, and for how much."""

    async def judge(site: ProbeSite, page: Page, at: float) -> float:
        items = page["items"]
        named = dict(await rows(site, _NAMES, {"ids": [int(row["id"]) for row in items]}))
        return min(
            _right(items, lambda row: row["name"] == named.get(row["id"])),
            _best(items, "id", await _spent(site, days, at), PAGE_ENTRIES),
        )

    return _as_of(judge, until)


def customers_rows(days: int, *, until: float | None = None) -> Judge:
    """The same, as a worker sums it up, and what they think of it."""

    async def judge(site: ProbeSite, page: Page, at: float) -> float:
        items = page["rows"]
        rated = dict(await rows(site, _RATINGS, {"ids": [int(row["customer_id"]) for row in items]}))
        return min(
            _right(items, lambda row: _near(row["rating"], rated.get(row["customer_id"]))),
            _best(items, "customer_id", await _spent(site, days, at), CUSTOMER_ENTRIES),
        )

    return _as_of(judge, until)


def promised(number: object, name: str, days: int, answered: float) -> Judge:
    """A report that was promised at `answered` (seconds since the epoch): it was asked for then (or as long
    before as a report may be old), by that name; and after a while it is made.
    """

    async def judge(site: ProbeSite, _: Page) -> float:
        finished = await taken(site, int(str(number)), name, days, answered)
        if finished is None:
            return 0.0
        return 1.0 if finished or wall() - answered < MADE_WITHIN_S else 0.0

    return judge


async def taken(site: ProbeSite, number: int, name: str, days: int, answered: float) -> bool | None:
    """Whether a report that was promised at `answered` is made; None when the shop knows of none of that
    number, name and time: nobody will ever make it.
    """
    found = await rows(site, _PROMISED, {"number": number})
    if not found or tuple(found[0][:2]) != (name, days):
        return None
    finished, requested = found[0][2:]
    if not answered - _stale_s(site) - CLOCK_S <= requested <= answered + CLOCK_S:
        return None
    return bool(finished)


PAGES: Mapping[str, ReportJudge] = {
    "sales": sales_page,
    "inventory": inventory_page,
    "customers": customers_page,
}
"""Of the reports that are worked out on the spot, by name."""
ROWS: Mapping[str, ReportJudge] = {
    "sales": sales_rows,
    "inventory": inventory_rows,
    "customers": customers_rows,
}
"""Of those that a worker makes; a page is what was made, with its `rows`."""


def _as_of(judge: Callable[[ProbeSite, Page, float], Any], until: float | None) -> Judge:
    """As of when it was shown, or of as long before as it may be old: then its period began earlier, too."""

    async def either(site: ProbeSite, page: Page) -> float:
        at = wall() if until is None else until
        share = float(await judge(site, page, at))
        return share if share >= 1 else max(share, float(await judge(site, page, at - _stale_s(site))))

    return either


def _stale_s(site: ProbeSite) -> float:
    return site.limits.get(PROMISE, DEFAULT_STALE_S)


def _inventory(entries: str, shipped: int, days: int, until: float | None) -> Judge:
    async def judge(site: ProbeSite, page: Page, at: float) -> float:
        items = page[entries]
        found = {row[0]: _floats(row[1:]) for row in await _rows(site, _LASTING, days, at)}
        known = {
            row[0]: row[1:] for row in await rows(site, _PRODUCTS, {"ids": [int(row["id"]) for row in items]})
        }
        stocked = _right(items, lambda row: row["id"] in known and _about(row["stock"], known[row["id"]][1]))
        return min(
            _right(items, lambda row: row["id"] in known and row["name"] == known[row["id"]][0]),
            stocked + RESTOCKED,
            _first(_said(items, lambda row: row["id"], "units"), found, shipped, 0),
        )

    return _as_of(judge, until)


def _best(items: Any, key: str, found: Figures, shipped: int) -> float:
    """Whether these are the best customers, with how much and how often they bought."""
    return min(
        _first(_said(items, lambda row: row[key], figure), found, shipped, column)
        for column, figure in enumerate(("amount_cents", "orders"))
    )


async def _spent(site: ProbeSite, days: int, at: float) -> Figures:
    return {row[0]: _floats(row[1:]) for row in await _rows(site, _SPENT, days, at)}


def _first(said: Mapping[Hashable, float], found: Figures, shipped: int, column: int) -> float:
    """Of a list of the first by some rank: are its entries among the first, and their figures right?

    `found` gives rank, figures and how much of each is recent. What exists only recently may be missing.
    """
    half = 1 + (len(next(iter(found.values()), (0.0,))) - 1) // 2
    settled = sum(1 for each in found.values() if each[1 + column] > each[half + column])
    wanted = min(shipped, settled)
    if not found:
        return 1.0 if not said else 0.0
    ranks = sorted(rank for rank, *_ in found.values())
    last = math.floor(ranks[min(len(ranks), MOVED * shipped) - 1]) + 1
    among = sum(1 for each in said if each in found and found[each][0] < last)
    nothing = (0.0,) * (2 * (half - 1))
    figures = {each: tuple(found[each][1:]) if each in found else nothing for each in said}
    return min(1.0, among / wanted if wanted else 1.0, _shared(said, figures, column))


def _shared(said: Mapping[Hashable, float], found: Figures, column: int) -> float:
    """How much of the figures in a column agrees: of all of them, and on average of each."""
    keys = said.keys() | found.keys()
    if not keys:
        return 1.0
    smaller = larger = each_alike = 0.0
    for key in keys:
        figures = found.get(key, ())
        true = figures[column] if figures else 0.0
        recent = figures[column + len(figures) // 2] if figures else 0.0
        told = said.get(key, 0.0)
        low, high = min(told, true), max(told, true)
        agreed = min(high, low + recent)
        smaller, larger = smaller + agreed, larger + high
        each_alike += agreed / high if high else 1.0
    return min(smaller / larger if larger else 1.0, each_alike / len(keys))


def _said(entries: Any, key: Callable[[Page], Hashable], figure: str) -> dict[Hashable, float]:
    """One figure of the entries of a report, by their key; each key counts once.

    Raises:
        ValueError: it is no amount of anything.
    """
    found = {key(row): float(row[figure]) for row in entries}
    if not all(math.isfinite(value) and value >= 0 for value in found.values()):
        raise ValueError(f"{figure} holds what is no amount")
    return found


def _right(entries: Any, right: Callable[[Page], bool]) -> float:
    """Share of the entries that are."""
    return sum(1 for row in entries if right(row)) / len(entries) if entries else 1.0


def _about(said: Any, true: float) -> bool:
    return abs(float(said) - true) <= max(STOCK_OFF, STOCK_OFF_SHARE * true)


def _near(said: Any, true: float | None) -> bool:
    """A mean that is rounded to two digits; none where there is nothing to take it of."""
    return said is None if true is None else said is not None and abs(float(said) - true) <= 0.011


def _day(row: Page) -> str:
    return str(row["day"])[: len("2026-01-31")]


def _category(row: Page) -> str:
    return str(row["category"])


def _day_and_category(row: Page) -> tuple[str, str]:
    return _day(row), _category(row)


def _floats(values: Sequence[Any]) -> list[float]:
    return [float(value) for value in values]


async def _rows(site: ProbeSite, query: str, days: int, at: float) -> list[tuple[Any, ...]]:
    return await rows(site, query, {"days": days, "until": at, "stale": _stale_s(site)})


async def _sold(site: ProbeSite, days: int, at: float) -> dict[Hashable, Sequence[float]]:
    """Amount, units and orders by day and category, and how much of each is recent."""
    found = await _rows(site, _BY_DAY_AND_CATEGORY, days, at)
    return {(day, category): _floats(figures) for day, category, *figures in found}


def _by_category(sold: Figures) -> dict[Hashable, Sequence[float]]:
    """Amount and units, over all days."""
    summed: dict[Hashable, Sequence[float]] = {}
    for key, (amount, units, _, recent_amount, recent_units, _) in sold.items():
        category = key[1] if isinstance(key, tuple) else key
        before = summed.get(category, (0.0,) * 4)
        added = (amount, units, recent_amount, recent_units)
        summed[category] = [a + b for a, b in zip(before, added, strict=True)]
    return summed
