"""The outermost layer of a replica: request id, chaos, metrics, a log line, an answer when all else failed.

Pure ASGI (https://asgi.readthedocs.io): nothing is wrapped or buffered, so that it costs microseconds.
"""

import asyncio
import json
import re
import time
import uuid
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from storefront import tracing
from storefront.chaos import ChaosSwitches, burn
from storefront.logs import customer_hash, get_logger
from storefront.metrics import HttpMetrics
from storefront.settings.observability import Logs

REQUEST_ID_HEADER = b"x-request-id"
UNMATCHED = "unmatched"
"""The route of a path that no route serves: one label for all, or a scanner would fill Prometheus."""

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_QUIET_ROUTES = frozenset({"/metrics", "/healthz", "/readyz"})

log = get_logger("storefront.request")


def request_id_of(scope: Scope) -> str:
    """The request's id: the caller's `X-Request-ID` when it is well formed, otherwise a new one."""
    for name, value in scope["headers"]:
        if name == REQUEST_ID_HEADER and _REQUEST_ID.fullmatch(value):
            return str(value, "ascii")
    return uuid.uuid4().hex


def route_of(scope: Scope) -> str:
    """The pattern of the route that served a request, or `unmatched`."""
    route = scope.get("route")
    return getattr(route, "path", None) or UNMATCHED


def error_body(code: str, message: str, request_id: str) -> bytes:
    """The body of every error: `{"error": {"code", "message", "request_id"}}`."""
    return json.dumps({"error": {"code": code, "message": message, "request_id": request_id}}).encode()


async def _send_error(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class _Answer:
    """Sees the answer pass: adds the request id, remembers the status."""

    __slots__ = ("_request_id", "_send", "ended", "status")

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id.encode()
        self.status = 0
        self.ended = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message.get("headers", ()), (REQUEST_ID_HEADER, self._request_id)]
        elif message["type"] == "http.response.body" and not message.get("more_body"):
            self.ended = True
        await self._send(message)


class ShopMiddleware:
    """Wraps the whole application.

    Handlers find the id as `request.state.request_id`, and may set `request.state.customer_id` to have the
    customer's hash in the log line.
    """

    def __init__(self, app: ASGIApp, *, metrics: HttpMetrics, chaos: ChaosSwitches, logs: Logs) -> None:
        self._app = app
        self._metrics = metrics
        self._chaos = chaos
        self.logs = logs

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; other kinds of connection pass through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = request_id_of(scope)
        state: dict[str, Any] = scope.setdefault("state", {})
        state["request_id"] = request_id
        structlog.contextvars.bind_contextvars(request_id=request_id)
        answer = _Answer(send, request_id)
        self._metrics.in_progress.inc()
        try:
            with tracing.span("http.request", method=scope["method"], request_id=request_id) as span:
                await self._serve(scope, receive, answer, request_id)
                if tracing.enabled():
                    span.set_attribute("http.route", route_of(scope))
                    span.set_attribute("http.response.status_code", answer.status)
        finally:
            self._metrics.in_progress.dec()
            self._record(scope, answer.status, time.perf_counter() - started)

    async def _serve(self, scope: Scope, receive: Receive, answer: _Answer, request_id: str) -> None:
        if self._chaos.active and (injected := self._chaos.injection(scope["path"])) is not None:
            scope["state"]["chaos"] = True
            if injected.delay_s:
                await asyncio.sleep(injected.delay_s)
            if injected.burn_s:
                burn(injected.burn_s)
            if injected.status:
                body = error_body("injected_fault", "This error was switched on on purpose.", request_id)
                await _send_error(answer, injected.status, body)
                return
        try:
            await self._app(scope, receive, answer)
        except Exception:
            log.exception("request failed", path=scope["path"], method=scope["method"])
            if answer.ended:
                return  # Starlette raises again what it has answered
            if answer.status:
                raise
            body = error_body("internal_error", "The shop failed to answer. It has been noted.", request_id)
            await _send_error(answer, 500, body)

    def _record(self, scope: Scope, status: int, duration_s: float) -> None:
        route = route_of(scope)
        if route == UNMATCHED and scope["state"].get("chaos"):
            route = "chaos"
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.answered(route, method, status, duration_s)
        duration_ms = duration_s * 1000
        slow = duration_ms > self.logs.slow_request_ms
        failed = status >= 500 or status == 0
        if not (slow or failed) and (not self.logs.requests or route in _QUIET_ROUTES):
            return
        fields = {
            "method": method,
            "route": route,
            "path": scope["path"],
            "status": status,
            "duration_ms": round(duration_ms, 2),
        }
        customer = scope["state"].get("customer_id")
        if customer is not None:
            fields["customer"] = customer_hash(customer, self.logs.customer_salt)
        if slow or failed:
            log.warning("request", **fields)
        else:
            log.info("request", **fields)
