"""GET /api/categories and GET /api/products: the tree of categories and the listings."""

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic_core import to_json

from storefront.api.answers import KeyFields, Page, RefusedError, json_answer, not_found
from storefront.api.ratings import add_ratings
from storefront.database import Row
from storefront.shop import Shop, shop_of

SORTS = ("popularity", "price", "newest")

router = APIRouter()


async def categories_json(shop: Shop, request: Request) -> bytes:
    """The categories, with the number of products in each."""

    async def make() -> bytes:
        return to_json({"items": await shop.database.rows("categories")})

    return await shop.cache.fetch("categories", KeyFields(request), make)


@router.get("/api/categories")
async def categories(request: Request) -> Response:
    """All categories; `parent_id` is null for departments."""
    return json_answer(await categories_json(shop_of(request), request))


async def listing_json(shop: Shop, request: Request) -> bytes:
    """One page of products, as `?category=&sort=&page=&per_page=` say."""
    category = request.query_params.get("category") or ""
    sort = request.query_params.get("sort") or "popularity"
    if sort not in SORTS:
        raise RefusedError(422, "invalid_request", f"sort must be one of {', '.join(SORTS)}.")
    page = Page(request, shop.settings.web)

    async def make() -> bytes:
        products = await _products(shop, category, sort, page)
        await add_ratings(shop, products[: page.per_page])
        return to_json(page.body(products, category=category or None, sort=sort))

    fields = KeyFields(
        request, category=category or "all", sort=sort, page=page.number, per_page=page.per_page
    )
    return await shop.cache.fetch("listing", fields, make)


async def _products(shop: Shop, category: str, sort: str, page: Page) -> list[Row]:
    if not category:
        return await shop.database.rows(f"products_by_{sort}", **page.query)
    async with shop.database.session() as session:
        found = await session.row("category_by_slug", slug=category)
        if found is None:
            raise not_found("category")
        return await session.rows(f"category_products_by_{sort}", category=found["id"], **page.query)


@router.get("/api/products")
async def listing(request: Request) -> Response:
    """A page of products of the whole shop, of a department or of a category."""
    return json_answer(await listing_json(shop_of(request), request))
