"""POST /api/checkout: an order from the cart; acknowledged (201) only when committed, made once per key."""

import re

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field
from pydantic_core import to_json

from storefront.api.answers import RefusedError, answer
from storefront.api.identity import Buyer
from storefront.api.orders import number_of
from storefront.database import Row, Session
from storefront.shop import shop_of

_KEY = re.compile(r"[\x21-\x7e]{1,100}")

MOST_CENTS = 2**31 - 1
"""What the column `orders.amount_cents` holds."""

router = APIRouter()


class Payment(BaseModel):
    """What the payment partner knows the customer by."""

    payment_token: str = Field(min_length=1, max_length=200)


def _key_of(request: Request) -> str:
    key = request.headers.get("idempotency-key", "")
    if not _KEY.fullmatch(key):
        raise RefusedError(
            400, "idempotency_key_missing", "Send an Idempotency-Key header: 1 to 100 visible characters."
        )
    return key


def _receipt(order: Row) -> dict[str, object]:
    return {
        "order_id": order["id"],
        "number": number_of(order["id"]),
        "amount_cents": order["amount_cents"],
        "currency": order["currency"],
        "status": order["status"],
    }


async def _reserve(session: Session, lines: list[Row]) -> None:
    """Hold the stock that the lines need until the end of the transaction.

    Raises:
        RefusedError: 409, there is not enough.
    """
    on_hand = {
        row["product_id"]: row["on_hand"]
        for row in await session.rows("lock_stock", products=[line["product_id"] for line in lines])
    }
    for line in lines:
        if on_hand.get(line["product_id"], 0) < line["quantity"]:
            raise RefusedError(409, "out_of_stock", f"Product {line['product_id']} is out of stock.")


async def _place(session: Session, customer: int, currency: str, token: str) -> Row:
    """Turn the cart into an order with its lines, stock movements and payment."""
    lines = await session.rows("take_cart", customer=customer)
    if not lines:
        raise RefusedError(409, "cart_empty", "The cart is empty.")
    await _reserve(session, lines)
    amount = sum(line["quantity"] * line["price_cents"] for line in lines)
    if amount > MOST_CENTS:
        raise RefusedError(409, "amount_too_large", "An order cannot be as large as this cart.")
    order = await session.row("insert_order", customer=customer, amount_cents=amount, currency=currency)
    if order is None:
        raise LookupError("insert_order gave no row back")
    order |= {"amount_cents": amount, "currency": currency}
    products = [line["product_id"] for line in lines]
    quantities = [line["quantity"] for line in lines]
    await session.change(
        "insert_order_lines",
        order_id=order["id"],
        products=products,
        quantities=quantities,
        prices=[line["price_cents"] for line in lines],
    )
    await session.change("take_stock", products=products, quantities=quantities)
    await session.change(
        "insert_payment", order_id=order["id"], token=token, amount_cents=amount, currency=currency
    )
    return order


@router.post("/api/checkout")
async def checkout(request: Request, payment: Payment, account: Buyer) -> Response:
    """Buy what is in the cart. The payment follows: a worker charges it, and tries until the partner answers.

    The job is promised in the order's own transaction, so that an acknowledged order is charged, shipped and
    mailed even when the broker is down just now. Sent again with the same key, the same order comes back.
    """
    shop = shop_of(request)
    key = _key_of(request)
    async with shop.database.transaction() as session:
        await session.rows("lock_idempotency_key", customer=account.id, key=key)
        known = await session.row("order_of_idempotency_key", customer=account.id, key=key)
        if known is not None:
            return answer(_receipt(known), 201)
        if shop.settings.partner.asked_at_checkout:
            await shop.partner.know(payment.payment_token)
        currency = shop.settings.catalogue.currency
        order = await _place(session, account.id, currency, payment.payment_token)
        await session.change("insert_idempotency_key", customer=account.id, key=key, order_id=order["id"])
        job = {"order_id": order["id"], "request_id": request.state.request_id}
        await session.change("promise_job", kind="charge_payment", payload=to_json(job).decode())
    shop.metrics.business.order_accepted(order["amount_cents"])
    return answer(_receipt(order), 201)
