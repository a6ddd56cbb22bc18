"""GET /api/search: products whose name holds all the words."""

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic_core import to_json

from storefront.api.answers import KeyFields, Page, RefusedError, json_answer
from storefront.api.ratings import add_ratings
from storefront.shop import Shop, shop_of

LONGEST = 100
MOST_WORDS = 8

router = APIRouter()


def words_of(text: str) -> list[str]:
    """The words of a search, in lower case; what means something to LIKE is taken literally.

    Raises:
        RefusedError: there are none, or too many.
    """
    words = text.lower().split()
    if not words or len(text) > LONGEST or len(words) > MOST_WORDS:
        raise RefusedError(
            422, "invalid_request", f"q must hold 1 to {MOST_WORDS} words, {LONGEST} characters at most."
        )
    return words


def like(word: str) -> str:
    """A pattern for ILIKE that finds `word` anywhere."""
    escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


async def search_json(shop: Shop, request: Request) -> bytes:
    """One page of results for `?q=`."""
    words = words_of(request.query_params.get("q", ""))
    page = Page(request, shop.settings.web)
    query = " ".join(words)

    async def make() -> bytes:
        patterns = [like(word) for word in words]
        rows = await shop.database.rows(
            "search_products", pattern=max(patterns, key=len), patterns=patterns, **page.query
        )
        await add_ratings(shop, rows[: page.per_page])
        return to_json(page.body(rows, q=query))

    fields = KeyFields(request, q=query, page=page.number, per_page=page.per_page)
    return await shop.cache.fetch("search", fields, make)


@router.get("/api/search")
async def search(request: Request) -> Response:
    """Products whose name holds every word of `?q=`, the popular ones first."""
    return json_answer(await search_json(shop_of(request), request))
