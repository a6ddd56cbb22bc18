"""The ASGI application of a replica: areas, refusals, and the layers around them."""

from functools import cache

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from storefront.api import (
    admin,
    cart,
    catalogue,
    checkout,
    health,
    home,
    orders,
    products,
    reviews,
    search,
    sessions,
    window,
)
from storefront.api.answers import RefusedError, json_answer
from storefront.cache import CacheUnavailableError
from storefront.database import DatabaseUnavailableError
from storefront.logs import get_logger
from storefront.middleware import ShopMiddleware, error_body
from storefront.partner_questions import PartnerUnavailableError
from storefront.shop import Shop

AREAS = (
    home, catalogue, products, reviews, search, sessions, cart, checkout, orders, admin, health, window,
)  # fmt: skip

_NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}
"""FastAPI's own; ours are `storefront.tracing`, `storefront.metrics` and `storefront.logs`."""

log = get_logger(__name__)

_REFUSED = (
    RefusedError, DatabaseUnavailableError, CacheUnavailableError, PartnerUnavailableError,
    RequestValidationError, HTTPException,
)  # fmt: skip

_CODES = {404: "not_found", 405: "method_not_allowed"}


class BodyLimit:
    """Refuses request bodies above the limit, before anything reads them whole."""

    def __init__(self, app: ASGIApp, shop: Shop) -> None:
        self._app = app
        self._shop = shop

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, counting the body's bytes."""
        if scope["type"] != "http" or scope["method"] in {"GET", "HEAD"}:
            await self._app(scope, receive, send)
            return
        limit = self._shop.settings.web.max_body_bytes
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise HTTPException(413, f"The body is larger than {limit} bytes.")
            return message

        await self._app(scope, counted, send)


class Failures:
    """Turns a bug into an answer of the shop's own, inside Starlette's plain-text one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; an answer that has begun cannot be changed any more."""
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception:
            if begun:
                raise
            log.exception("request failed", path=scope["path"], method=scope["method"])
            body = error_body("internal_error", "The shop failed to answer.", scope["state"]["request_id"])
            await json_answer(body, 500)(scope, receive, send)


def _refusal(request: Request, status: int, code: str, message: str) -> Response:
    return json_answer(error_body(code, message, request.state.request_id), status)


Unavailable = DatabaseUnavailableError | CacheUnavailableError | PartnerUnavailableError


def _unavailable(request: Request, error: Unavailable) -> Response:
    match error:
        case DatabaseUnavailableError():
            code, message = "database_unavailable", f"The database is busy: {error.reason}."
        case CacheUnavailableError():
            code, message = "cache_unavailable", "The cache does not answer."
        case PartnerUnavailableError():
            code, message = "partner_unavailable", f"The payment partner {error.reason}."
    answer = _refusal(request, 503, code, message)
    answer.headers["retry-after"] = "1"
    return answer


async def _refused(request: Request, error: Exception) -> Response:
    match error:
        case RefusedError():
            return _refusal(request, error.status, error.code, error.message)
        case DatabaseUnavailableError() | CacheUnavailableError() | PartnerUnavailableError():
            return _unavailable(request, error)
        case RequestValidationError():
            first = error.errors()[0]
            if first["loc"][0] == "path":
                return _refusal(request, 404, "not_found", "There is no such thing.")
            where = ".".join(str(part) for part in first["loc"][1:]) or "body"
            return _refusal(request, 422, "invalid_request", f"{where}: {first['msg']}.")
        case HTTPException():
            code = _CODES.get(error.status_code, "refused")
            return _refusal(request, error.status_code, code, str(error.detail))
    raise error


@cache
def application() -> FastAPI:
    """All areas and refusals, for whichever shop this process serves.

    FastAPI works a route out when it is first asked for: asked before a fork, all children share the result
    (5 MB each otherwise).
    """
    app = FastAPI(title="The shop", docs_url=None, redoc_url=None, openapi_url=None, telemetry=_NO_TELEMETRY)
    app.add_middleware(Failures)
    for area in AREAS:
        app.include_router(area.router)
    for kind in _REFUSED:
        app.add_exception_handler(kind, _refused)
    for route in app.routes:
        route.matches({"type": "http", "method": "GET", "path": "/nowhere"})
    return app


def make_app(shop: Shop) -> ASGIApp:
    """The application that serves `shop`, the only one of this process."""
    app = application()
    app.state.shop = shop
    return ShopMiddleware(
        BodyLimit(app, shop),
        metrics=shop.metrics.http,
        chaos=shop.chaos,
        logs=shop.settings.observability.logs,
    )
