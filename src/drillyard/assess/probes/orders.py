"""Whether a checkout that is sent again makes one order: customers do so when an answer is late."""

import asyncio
import random
from collections.abc import Sequence
from uuid import uuid4

import httpx

from drillyard.assess.probe import ProbeError, ProbeSite, probe
from drillyard.assess.probes.shop import bearer
from drillyard.measure.reading import Combine, Reading, Unit
from drillyard.measure.source import Described

DESCRIBES = (Described("promise.orders_per_checkout", Unit.COUNT, Combine.LAST),)
TRIES = 4
_STOCKED = (
    "SELECT p.id FROM public.products p JOIN public.stock s ON s.product_id = p.id"
    " WHERE p.active AND s.on_hand >= 10 AND p.id >= %(from)s ORDER BY p.id LIMIT 1"
)
_PLACED = (
    "SELECT count(*) FROM public.orders o JOIN public.customers c ON c.id = o.customer_id"
    " WHERE c.email = %(email)s AND o.id > %(newest)s"
)
_NEWEST = "SELECT coalesce(max(id), 0) FROM public.orders"
_CUSTOMERS = "SELECT greatest(count(*), 1) FROM public.customers WHERE email LIKE 'customer%%'"


@probe(id="order-once", seconds=20)
async def order_once(site: ProbeSite) -> Sequence[Reading]:
    """Check one cart out twice at once and a third time after, with one key; count the orders.

    Raises:
        ProbeError, httpx.HTTPError: no checkout was answered; nothing is proven.
    """
    (customers,), *_ = await site.sql(_CUSTOMERS, {})
    problem = "nothing could be bought"
    for _ in range(TRIES):
        email = f"customer{random.randint(1, int(customers))}@shop.test"
        await site.turn()
        header = await bearer(site, email)
        if problem := await _fill_cart(site, header):
            continue
        (newest,), *_ = await site.sql(_NEWEST, {})
        await site.turn()
        receipts = await _check_out(site, {**header, "Idempotency-Key": f"probe-{uuid4()}"})
        if not receipts:
            problem = "a checkout was refused"
            continue
        (placed,), *_ = await site.sql(_PLACED, {"email": email, "newest": newest})
        orders = max(len(set(receipts)), int(placed))
        source = "POST /api/checkout three times with one Idempotency-Key; the customer's new orders"
        return [site.reading("promise.orders_per_checkout", orders, Unit.COUNT, source=source)]
    raise ProbeError(problem)


async def _fill_cart(site: ProbeSite, header: dict[str, str]) -> str:
    """Put something into the cart; what went wrong, or nothing."""
    rows = await site.sql(_STOCKED, {"from": random.randint(1, 1000)})
    if not rows:
        return "no product has any stock"
    path = f"/api/cart/items/{rows[0][0]}"
    answer = await site.http.put(path, json={"quantity": 1}, headers=header)
    return "" if answer.is_success else f"PUT {path} was answered with {answer.status_code}"


async def _check_out(site: ProbeSite, header: dict[str, str]) -> list[int]:
    """The orders of the receipts that came back."""

    async def once() -> httpx.Response:
        return await site.http.post("/api/checkout", json={"payment_token": "tok-probe"}, headers=header)

    answers = [*await asyncio.gather(once(), once()), await once()]
    return [answer.json().get("order_id") for answer in answers if answer.status_code == 201]
