"""What the shop's reports must say, by the rows of its tables.

Each function gives a judge, as `page_judges` does: of a report that is worked out on the spot (`sales_page`
and its like) or that a worker made (`sales_rows` and its like). Figures by key are held against each other as
a whole, by the share that both have of the larger ones: sum of minima over sum of maxima (Ružička 1958).
"""

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Protocol

from drillyard.assess.page_judges import Judge, Page
from drillyard.assess.probe import ProbeSite
from drillyard.assess.shop import rows
from drillyard.base.clock import wall

RECENT_S = 60.0
"""A report may be so old: what was sold since may be missing in it."""
PAGE_ENTRIES = 50
"""Entries of the inventory and customers reports that are worked out on the spot, as shipped."""
INVENTORY_ENTRIES, CUSTOMER_ENTRIES = 500, 100
"""Entries of those that a worker makes, as shipped."""
MOVED = 2
"""An entry counts when it is among so many times the entries now: stock and sales have moved it since."""

Figures = Mapping[Hashable, float]


class ReportJudge(Protocol):
    """Gives the judge of a report over `days`, shown at `until` (seconds since the epoch) or now."""

    def __call__(self, days: int, *, until: float | None = None) -> Judge:
        """The judge."""


# The orders that a report over `days` was about at the time `until`.
_SOLD = """
    SELECT o.*, date_trunc('day', o.placed_at)::date::text AS day,
           o.placed_at > to_timestamp(%(until)s - %(recent)s) AS recent
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
    SELECT day, c.slug, sum(l.quantity::bigint * l.price_cents), sum(l.quantity),
           coalesce(sum(l.quantity::bigint * l.price_cents) FILTER (WHERE recent), 0),
           coalesce(sum(l.quantity) FILTER (WHERE recent), 0)
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
    SELECT customer_id, -sum(amount_cents), sum(amount_cents),
           coalesce(sum(amount_cents) FILTER (WHERE recent), 0)
      FROM ({_SOLD}) AS sold
     WHERE status <> 'cancelled' GROUP BY customer_id
"""  # noqa: S608


def sales_page(days: int, *, until: float | None = None) -> Judge:
    """What was sold by day and by category."""

    async def judge(site: ProbeSite, page: Page) -> float:
        by_category = _by_category(await _sold(site, days, until))
        by_day = await _by_day(site, days, until)
        return min(
            _shared(_said(page["by_day"], _day, "amount_cents"), by_day, 0),
            _shared(_said(page["by_day"], _day, "orders"), by_day, 1),
            _shared(_said(page["by_category"], _category, "amount_cents"), by_category, 0),
            _shared(_said(page["by_category"], _category, "units"), by_category, 1),
        )

    return judge


def sales_rows(days: int, *, until: float | None = None) -> Judge:
    """What was sold by day and category, as a worker sums it up."""

    async def judge(site: ProbeSite, page: Page) -> float:
        sold = await _sold(site, days, until)
        return min(
            _shared(_said(page["rows"], _day_and_category, "amount_cents"), sold, 0),
            _shared(_said(page["rows"], _day_and_category, "units"), sold, 1),
        )

    return judge


def inventory_page(days: int, *, until: float | None = None) -> Judge:
    """What will be sold out first, and how many were sold."""
    return _first(_LASTING, days, until, entries="items", key="id", figure="units", shipped=PAGE_ENTRIES)


def inventory_rows(days: int, *, until: float | None = None) -> Judge:
    """The same, as a worker sums it up."""
    return _first(_LASTING, days, until, entries="rows", key="id", figure="units", shipped=INVENTORY_ENTRIES)


def customers_page(days: int, *, until: float | None = None) -> Judge:
    """Who bought most, and for how much."""
    return _first(_SPENT, days, until, entries="items", key="id", figure="amount_cents", shipped=PAGE_ENTRIES)


def customers_rows(days: int, *, until: float | None = None) -> Judge:
    """The same, as a worker sums it up."""
    return _first(
        _SPENT,
        days,
        until,
        entries="rows",
        key="customer_id",
        figure="amount_cents",
        shipped=CUSTOMER_ENTRIES,
    )


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


def _first(
    query: str, days: int, until: float | None, *, entries: str, key: str, figure: str, shipped: int
) -> Judge:
    """Of a list of the first by some rank: are its entries among the first, and their figures right?

    `query` gives id, rank, figure and how much of the figure is recent.
    """

    async def judge(site: ProbeSite, page: Page) -> float:
        found = {row[0]: [float(each) for each in row[1:]] for row in await _rows(site, query, days, until)}
        said = _said(page[entries], lambda row: row[key], figure)
        wanted = min(shipped, len(found))
        if not wanted:
            return 1.0 if not said else 0.0
        ranks = sorted(rank for rank, _, _ in found.values())
        last = math.floor(ranks[min(len(ranks), MOVED * shipped) - 1]) + 1
        among = sum(1 for each in said if each in found and found[each][0] < last)
        figures = {each: tuple(found.get(each, (0.0, 0.0, 0.0))[1:]) for each in said}
        return min(1.0, among / wanted, _shared(said, figures, 0))

    return judge


def _shared(said: Figures, found: Mapping[Hashable, Sequence[float]], column: int) -> float:
    """How much of the figures in a column agrees; the second half of the columns is what is recent."""
    keys = said.keys() | found.keys()
    true = {key: found[key][column] if key in found else 0.0 for key in keys}
    recent = sum(each[column + len(each) // 2] for each in found.values())
    larger = sum(max(said.get(key, 0.0), true[key]) for key in keys)
    smaller = sum(min(said.get(key, 0.0), true[key]) for key in keys)
    return min(1.0, (smaller + recent) / larger) if larger else 1.0


def _said(entries: Any, key: Callable[[Page], Hashable], figure: str) -> dict[Hashable, float]:
    """One figure of the entries of a report, by their key; each key counts once."""
    return {key(row): float(row[figure]) for row in entries}


def _day(row: Page) -> str:
    return str(row["day"])[: len("2026-01-31")]


def _category(row: Page) -> str:
    return str(row["category"])


def _day_and_category(row: Page) -> tuple[str, str]:
    return _day(row), _category(row)


async def _rows(site: ProbeSite, query: str, days: int, until: float | None) -> list[tuple[Any, ...]]:
    named = {"days": days, "until": wall() if until is None else until, "recent": RECENT_S}
    return await rows(site, query, named)


async def _sold(site: ProbeSite, days: int, until: float | None) -> dict[Hashable, Sequence[float]]:
    """Amount and units by day and category, and how much of both is recent."""
    found = await _rows(site, _BY_DAY_AND_CATEGORY, days, until)
    return {(day, category): [float(each) for each in figures] for day, category, *figures in found}


async def _by_day(site: ProbeSite, days: int, until: float | None) -> dict[Hashable, Sequence[float]]:
    """Amount and orders by day, and how much of both is recent."""
    return {
        day: [float(each) for each in figures] for day, *figures in await _rows(site, _BY_DAY, days, until)
    }


def _by_category(sold: Mapping[Hashable, Sequence[float]]) -> dict[Hashable, Sequence[float]]:
    """The same figures, over all days."""
    summed: dict[Hashable, Sequence[float]] = {}
    for key, figures in sold.items():
        category = key[1] if isinstance(key, tuple) else key
        before = summed.get(category, [0.0] * len(figures))
        summed[category] = [a + b for a, b in zip(before, figures, strict=True)]
    return summed
