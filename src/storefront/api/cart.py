"""/api/cart: what a customer is about to buy. Never cached: it is one customer's, and it changes."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from storefront.api.answers import NEWEST, answer, not_found
from storefront.api.identity import CartReader, CartWriter
from storefront.shop import Shop, shop_of

router = APIRouter()

ProductId = Annotated[int, Path(ge=1, le=NEWEST)]


class CartItem(BaseModel):
    """How many of a product."""

    quantity: int = Field(ge=1, le=99)


async def _cart(shop: Shop, customer: int) -> Response:
    items = await shop.database.rows("cart_of_customer", customer=customer)
    total = sum(item["quantity"] * item["price_cents"] for item in items)
    return answer({"items": items, "amount_cents": total, "currency": shop.settings.catalogue.currency})


@router.get("/api/cart")
async def cart(request: Request, account: CartReader) -> Response:
    """The cart at the prices of now."""
    return await _cart(shop_of(request), account.id)


@router.put("/api/cart/items/{product_id}")
async def put_item(request: Request, product_id: ProductId, item: CartItem, account: CartWriter) -> Response:
    """Put a product in, or change how many."""
    shop = shop_of(request)
    changed = await shop.database.change(
        "put_cart_item", customer=account.id, product=product_id, quantity=item.quantity
    )
    if not changed:
        raise not_found("product")
    return await _cart(shop, account.id)


@router.delete("/api/cart/items/{product_id}")
async def delete_item(request: Request, product_id: ProductId, account: CartWriter) -> Response:
    """Take a product out; one that is not in is no error."""
    shop = shop_of(request)
    await shop.database.change("delete_cart_item", customer=account.id, product=product_id)
    return await _cart(shop, account.id)
