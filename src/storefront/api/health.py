"""GET /healthz, /readyz and /metrics: for whoever watches the replica."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from storefront.api.answers import answer
from storefront.database import DatabaseUnavailableError
from storefront.metrics import CONTENT_TYPE
from storefront.shop import shop_of

router = APIRouter()


@router.get("/healthz")
async def alive(request: Request) -> Response:
    """The process answers; nothing else is asked."""
    return answer({"status": "alive", "process": shop_of(request).process})


@router.get("/readyz")
async def ready(request: Request) -> Response:
    """200 when the database answers: without it nothing can be sold. The cache is only reported."""
    shop = shop_of(request)
    try:
        await shop.database.row("ready")
        database = "ok"
    except DatabaseUnavailableError as error:
        database = error.reason
    if not shop.settings.cache.enabled:
        cache = "off"
    else:
        cache = "ok" if await shop.cache.answers() else "unavailable"
    serves = database == "ok"
    body = {"status": "ready" if serves else "not ready", "database": database, "cache": cache}
    return answer(body, 200 if serves else 503)


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """What was counted, in Prometheus' text format."""
    return Response(shop_of(request).metrics.render(), media_type=CONTENT_TYPE)
