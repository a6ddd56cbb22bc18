"""Whether an order is one order with all that follows from it: one is placed, and followed to its end."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import uuid4

import httpx

from drillyard.assess.probe import ProbeError, ProbeSite, probe
from drillyard.assess.shop import bearer
from drillyard.base.clock import monotonic, wall
from drillyard.measure.reading import Combine, Reading, Unit
from drillyard.measure.source import Described

DESCRIBES = (
    Described("promise.orders_per_checkout", Unit.COUNT, Combine.LAST),
    Described("promise.order_missing", Unit.COUNT, Combine.LAST),
)
TRIES = 4
QUANTITY = 2
PATIENCE_S = 15.0
"""So long an order may take until it is charged, booked and confirmed."""
EVERY_S = 0.5
_STOCKED = """
    SELECT p.id, s.on_hand
      FROM public.products p JOIN public.stock s ON s.product_id = p.id
     WHERE p.active AND s.on_hand >= s.reorder_at + 10
       AND p.id >= (SELECT %(share)s * max(id) FROM public.products)::bigint
     ORDER BY p.id
     LIMIT 1
"""
_STOCK = "SELECT on_hand FROM public.stock WHERE product_id = %(product)s"
_PLACED = (
    "SELECT count(*) FROM public.orders o JOIN public.customers c ON c.id = o.customer_id"
    " WHERE c.email = %(email)s AND o.id > %(newest)s AND EXISTS (SELECT FROM public.order_lines l"
    " WHERE l.order_id = o.id AND l.product_id = %(product)s)"
)
_SETTLED = (
    "SELECT count(*) FROM public.payments p JOIN public.mails_sent m USING (order_id)"
    " JOIN public.stock_movements s USING (order_id) WHERE p.order_id = %(order)s AND p.status <> 'pending'"
)
_NEWEST = "SELECT coalesce(max(id), 0) FROM public.orders"
_CUSTOMERS = "SELECT greatest(count(*), 1) FROM public.customers WHERE email LIKE 'customer%%'"


@dataclass(frozen=True)
class _Bought:
    """A checkout that was sent three times."""

    email: str
    product: int
    stock: int
    receipts: tuple[int, ...]
    placed: int
    """New orders of this customer."""

    @property
    def orders(self) -> int:
        return max(len(set(self.receipts)), self.placed)


@probe(id="order-once", seconds=PATIENCE_S + 15, gives=("promise.order",))
async def order_once(site: ProbeSite) -> Sequence[Reading]:
    """Check one cart out twice at once and a third time after, with one key; count the orders, and follow the
    first to its charge at the partner, its mail and its stock.

    Raises:
        ProbeError, httpx.HTTPError: no checkout was answered, or the order did not come to its end in time;
            nothing is proven.
    """
    bought = await _buy(site)
    counted = site.reading(
        "promise.orders_per_checkout",
        bought.orders,
        Unit.COUNT,
        source="POST /api/checkout three times with one Idempotency-Key; the customer's new orders",
    )
    if bought.orders > 1:
        return [counted]
    source = "stock before and after, GET /v1/charges/order-N at the partner, GET /messages at the mail sink"
    missing = await _follow(site, bought)
    return [counted, site.reading("promise.order_missing", missing, Unit.COUNT, source=source)]


async def _buy(site: ProbeSite) -> _Bought:
    (customers,), *_ = await site.sql(_CUSTOMERS)
    problem = "nothing could be bought"
    for _ in range(TRIES):
        email = f"customer{random.randint(1, int(customers))}@shop.test"
        await site.turn()
        header = await bearer(site, email)
        rows = await site.sql(_STOCKED, {"share": random.random() / 2})
        if not rows:
            raise ProbeError("no product has any stock")
        (product, stock), *_ = rows
        if problem := await _fill_cart(site, header, product):
            continue
        await site.turn()
        (newest,), *_ = await site.sql(_NEWEST)
        receipts = await _check_out(site, {**header, "Idempotency-Key": f"{uuid4()}"})
        if receipts:
            placed_now = {"email": email, "newest": newest, "product": product}
            (placed,), *_ = await site.sql(_PLACED, placed_now)
            return _Bought(email, int(product), int(stock), tuple(receipts), int(placed))
        problem = "a checkout was refused"
    raise ProbeError(problem)


async def _fill_cart(site: ProbeSite, header: Mapping[str, str], product: int) -> str:
    """Put something into the cart; what went wrong, or nothing."""
    path = f"/api/cart/items/{product}"
    answer = await site.http.put(path, json={"quantity": QUANTITY}, headers=header)
    return "" if answer.is_success else f"PUT {path} was answered with {answer.status_code}"


async def _check_out(site: ProbeSite, header: Mapping[str, str]) -> list[int]:
    """The orders of the receipts that came back."""
    token = f"tok-{random.randrange(10**9):09d}"

    async def once() -> httpx.Response:
        return await site.http.post("/api/checkout", json={"payment_token": token}, headers=header)

    answers = [*await asyncio.gather(once(), once()), await once()]
    return [int(answer.json()["order_id"]) for answer in answers if answer.status_code == 201]


async def _follow(site: ProbeSite, bought: _Bought) -> int:
    """How many of three things are missing once the shop says that the order came to its end."""
    order = bought.receipts[0]
    (left,), *_ = await site.sql(_STOCK, {"product": bought.product})
    await _settled(site, order)
    charged = await _charged(site, order)
    mails = await site.http.get(site.url("mailsink-http", "/messages"), params={"to": bought.email})
    mails.raise_for_status()
    sent = [mail for mail in mails.json()["messages"] if f"order-{order}-" in mail["message_id"]]
    return sum((bought.stock - int(left) < QUANTITY, not charged, not sent))


async def _charged(site: ProbeSite, order: int) -> bool:
    """Whether the partner has a charge of the order: by its key, or by its name where attempts have keys."""
    if (await site.http.get(site.url("partner", f"/v1/charges/order-{order}"))).is_success:
        return True
    since = wall() - 2 * PATIENCE_S
    answer = await site.http.get(site.url("partner", f"/v1/statement?since={since}"))
    answer.raise_for_status()
    return any(charge["reference"] == f"order {order}" for charge in answer.json()["charges"])


async def _settled(site: ProbeSite, order: int) -> None:
    end = monotonic() + PATIENCE_S
    while monotonic() < end:
        (found,), *_ = await site.sql(_SETTLED, {"order": order})
        if found:
            return
        await asyncio.sleep(EVERY_S)
    raise ProbeError(
        f"an order was not charged, booked and confirmed within {PATIENCE_S:.0f} s: look at the queues"
    )
