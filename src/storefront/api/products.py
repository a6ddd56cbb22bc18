"""GET /api/products/{id}: one product with price, stock, rating, first reviews and recommendations."""

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic_core import to_json

from storefront.api.answers import Id, KeyFields, json_answer, not_found
from storefront.api.ratings import Rating
from storefront.shop import Shop, shop_of

router = APIRouter()


async def product_json(shop: Shop, request: Request, product: int) -> bytes:
    """The page of one product. The parts that change slowly are kept longer, as a kind of their own."""
    fields = KeyFields(request, id=product)

    async def make() -> bytes:
        return await _make_product(shop, product)

    body = await shop.cache.fetch("product", fields, make)
    if not shop.settings.catalogue.recommendations:
        return body

    async def make_recommendations() -> bytes:
        return await _make_recommendations(shop, product)

    others = await shop.cache.fetch("recommendations", fields, make_recommendations)
    return b"%b,%b}" % (body[:-1], others[1:-1])


async def _make_product(shop: Shop, product: int) -> bytes:
    async with shop.database.session() as session:
        found = await session.row("product_by_id", product=product)
        if found is None:
            raise not_found("product")
        found["currency"] = shop.settings.catalogue.currency
        found["rating"] = Rating.of(await session.row("rating_of_product", product=product))
        wanted = shop.settings.catalogue.reviews_on_product
        found["reviews"] = (
            await session.rows("newest_reviews_of_product", product=product, entries=wanted) if wanted else []
        )
    return to_json(found)


async def _make_recommendations(shop: Shop, product: int) -> bytes:
    rules = shop.settings.catalogue
    rows = await shop.database.rows(
        "recommendations_for_product",
        product=product,
        orders=rules.recommendation_orders,
        items=rules.recommendations,
    )
    return to_json({"recommendations": rows})


@router.get("/api/products/{id}")
async def product(request: Request, product_id: Id) -> Response:
    """One product; `price_as_of` is when its price was read from the database."""
    return json_answer(await product_json(shop_of(request), request, product_id))
