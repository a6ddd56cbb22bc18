"""/api/orders: a customer's own orders."""

from collections import defaultdict

from fastapi import APIRouter, Request
from fastapi.responses import Response

from storefront.api.answers import Id, Page, answer, not_found
from storefront.api.identity import OrderReader
from storefront.database import Row
from storefront.shop import Shop, shop_of

router = APIRouter()


def number_of(order_id: Id) -> str:
    """The number of an order as customers know it: `S-00000042`."""
    return f"S-{order_id:08d}"


async def _add_lines(shop: Shop, orders: list[Row]) -> None:
    """Put `lines` on each order: one query, or one each (`batch_order_lines` in [catalogue])."""
    if not shop.settings.catalogue.batch_order_lines:
        for order in orders:
            order["lines"] = await shop.database.rows("lines_of_order", order_id=order["id"])
        return
    lines: defaultdict[int, list[Row]] = defaultdict(list)
    if orders:
        for line in await shop.database.rows("lines_of_orders", orders=[order["id"] for order in orders]):
            lines[line["order_id"]].append(line)
    for order in orders:
        order["lines"] = lines[order["id"]]


@router.get("/api/orders")
async def orders(request: Request, account: OrderReader) -> Response:
    """A page of one's orders with their lines, newest first; `?before=` the last id seen goes on there."""
    shop = shop_of(request)
    page = Page(request, shop.settings.web)
    rows = await shop.database.rows(
        "orders_of_customer", customer=account.id, before=page.before, **page.query
    )
    body = page.body(rows)
    shown = rows[: page.per_page]
    await _add_lines(shop, shown)
    for order in shown:
        order["number"] = number_of(order["id"])
    return answer(body | {"items": shown})


@router.get("/api/orders/{id}")
async def order(request: Request, order_id: Id, account: OrderReader) -> Response:
    """One of one's orders, with its lines and how its payment stands."""
    shop = shop_of(request)
    found = await shop.database.row("order_of_customer", customer=account.id, order_id=order_id)
    if found is None:
        raise not_found("order")
    found["number"] = number_of(order_id)
    found["lines"] = await shop.database.rows("lines_of_order", order_id=order_id)
    return answer(found)
