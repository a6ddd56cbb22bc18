"""GET /api/home: bestsellers and new products."""

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic_core import to_json

from storefront.api.answers import KeyFields, json_answer
from storefront.api.ratings import add_ratings
from storefront.shop import Shop, shop_of

router = APIRouter()


async def home_json(shop: Shop, request: Request) -> bytes:
    """The home page's content."""

    async def make() -> bytes:
        rules = shop.settings.catalogue
        async with shop.database.session() as session:
            best = await session.rows("bestsellers", orders=rules.bestseller_orders, items=rules.home_items)
            new = await session.rows("new_products", items=rules.home_items)
        await add_ratings(shop, [*best, *new])
        return to_json({"bestsellers": best, "new": new})

    return await shop.cache.fetch("home", KeyFields(request), make)


@router.get("/api/home")
async def home(request: Request) -> Response:
    """What everybody sees first."""
    return json_answer(await home_json(shop_of(request), request))
