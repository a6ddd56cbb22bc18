"""GET /api/products/{id}/reviews: all reviews of a product, page by page."""

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic_core import to_json

from storefront.api.answers import NEWEST, Id, KeyFields, Page, json_answer
from storefront.shop import shop_of

router = APIRouter()


@router.get("/api/products/{id}/reviews")
async def reviews(request: Request, product_id: Id) -> Response:
    """A page of reviews, newest first; `?before=` the last id seen goes on from there and is not cached."""
    shop = shop_of(request)
    page = Page(request, shop.settings.web)

    async def make() -> bytes:
        rows = await shop.database.rows(
            "reviews_of_product", product=product_id, before=page.before, **page.query
        )
        return to_json(page.body(rows))

    if page.before != NEWEST:
        return json_answer(await make())
    fields = KeyFields(request, id=product_id, page=page.number, per_page=page.per_page)
    return json_answer(await shop.cache.fetch("reviews", fields, make))
