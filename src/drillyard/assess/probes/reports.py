"""Whether reports that are asked for are made by a worker, and say what is in the tables."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from drillyard.assess.probe import ProbeError, ProbeSite, probe
from drillyard.assess.shop import ADMIN, SOLD, alike, bearer, rows
from drillyard.base.clock import monotonic
from drillyard.measure.reading import Combine, Reading, Unit
from drillyard.measure.source import Described

DESCRIBES = (Described("content.true.requested_<report>", Unit.RATIO, Combine.LAST),)
DAYS = 7
PATIENCE_S = 25.0
"""So long a report is waited for; none at this size takes a second by itself, and few are in the queue."""
EVERY_S = 0.5

Rows = Sequence[Mapping[str, Any]]
_UNITS = """
    SELECT l.product_id, sum(l.quantity)
      FROM public.orders o JOIN public.order_lines l ON l.order_id = o.id
     WHERE l.product_id = ANY (%(ids)s)
       AND o.placed_at > (SELECT max(placed_at) FROM public.orders) - make_interval(days => %(days)s)
     GROUP BY l.product_id
"""
_SPENT = """
    SELECT o.customer_id, sum(o.amount_cents)
      FROM public.orders o
     WHERE o.status <> 'cancelled' AND o.customer_id = ANY (%(ids)s)
       AND o.placed_at > (SELECT max(placed_at) FROM public.orders) - make_interval(days => %(days)s)
     GROUP BY o.customer_id
"""
_SELLING = """
    SELECT count(DISTINCT l.product_id)
      FROM public.orders o JOIN public.order_lines l ON l.order_id = o.id
     WHERE o.placed_at > (SELECT max(placed_at) FROM public.orders) - make_interval(days => %(days)s)
"""
_BUYING = """
    SELECT count(DISTINCT customer_id) FROM public.orders
     WHERE status <> 'cancelled'
       AND placed_at > (SELECT max(placed_at) FROM public.orders) - make_interval(days => %(days)s)
"""


@probe(id="reports-made", seconds=PATIENCE_S + 10, gives=("content.true.requested_",))
async def reports_made(site: ProbeSite) -> Sequence[Reading]:
    """Ask for each report, wait for it, and give the share of what it must say that it says.

    Raises:
        ProbeError, httpx.HTTPError: one was not asked for or not finished in time; nothing is proven.
    """
    await site.turn()
    header = await bearer(site, ADMIN)
    asked = {name: await _ask(site, header, name) for name in _JUDGES}
    end = monotonic() + PATIENCE_S
    return [
        site.reading(
            f"content.true.requested_{name}",
            await _JUDGES[name](site, await _made(site, header, name, number, end)),
            Unit.RATIO,
            source=f"POST /api/admin/reports/{name}?days={DAYS}, its result beside the rows of the tables",
        )
        for name, number in asked.items()
    ]


async def _ask(site: ProbeSite, header: Mapping[str, str], name: str) -> int:
    await site.turn()
    answer = await site.http.post(f"/api/admin/reports/{name}?days={DAYS}", json={}, headers=header)
    if answer.status_code != 202:
        raise ProbeError(f"the {name} report could not be asked for: {answer.status_code}")
    return int(answer.json()["report_id"])


async def _made(site: ProbeSite, header: Mapping[str, str], name: str, number: int, end: float) -> Rows:
    while monotonic() < end:
        await site.turn()
        answer = await site.http.get(f"/api/admin/requested-reports/{number}", headers=header)
        found = answer.json() if answer.is_success else {}
        if found.get("finished_at"):
            made = (found.get("result") or {}).get("rows", [])
            return made if isinstance(made, list) else []
        await asyncio.sleep(EVERY_S)
    raise ProbeError(f"the {name} report that was asked for was not there after {PATIENCE_S:.0f} s")


async def _sales(site: ProbeSite, made: Rows) -> float:
    """All that was sold; the few orders since it was made hardly count."""
    (sold,), *_ = await rows(site, SOLD, {"days": DAYS})
    return alike(sum(_number(row, "amount_cents") for row in made), float(sold))


async def _inventory(site: ProbeSite, made: Rows) -> float:
    units = {int(_number(row, "id")): _number(row, "units") for row in made}
    return await _matching(site, _UNITS, units) * await _complete(site, _SELLING, units, 500)


async def _customers(site: ProbeSite, made: Rows) -> float:
    amounts = {int(_number(row, "customer_id")): _number(row, "amount_cents") for row in made}
    return await _matching(site, _SPENT, amounts) * await _complete(site, _BUYING, amounts, 100)


async def _complete(site: ProbeSite, query: str, said: Mapping[int, float], shipped: int) -> float:
    """How much of the rows are there, of as many as there are or as the report has as shipped."""
    (there,), *_ = await site.sql(query, {"days": DAYS})
    return min(1.0, len(said) / max(1, min(int(there), shipped)))


async def _matching(site: ProbeSite, query: str, said: Mapping[int, float]) -> float:
    """How alike the figures are, on average, by id; a report without rows says nothing."""
    if not said:
        return 0.0
    found = {
        int(key): float(value) for key, value in await site.sql(query, {"days": DAYS, "ids": list(said)})
    }
    return sum(alike(value, found.get(key, 0.0)) for key, value in said.items()) / len(said)


def _number(row: Mapping[str, Any], key: str) -> float:
    value = row.get(key) if isinstance(row, Mapping) else None
    return float(value) if isinstance(value, int | float) else 0.0


_JUDGES: Mapping[str, Callable[[ProbeSite, Rows], Awaitable[float]]] = {
    "sales": _sales,
    "inventory": _inventory,
    "customers": _customers,
}
KINDS = tuple(f"requested_{name}" for name in _JUDGES)
