import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from storefront import logs
from storefront.chaos import ChaosRule, ChaosRules, ChaosSwitches
from storefront.metrics import HttpMetrics
from storefront.middleware import ShopMiddleware
from storefront.settings.observability import ChaosStart, Logs

Lines = Callable[[], list[dict[str, Any]]]

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def item(request: Request) -> Response:
    request.state.customer_id = 7
    return PlainTextResponse(request.state.request_id)


async def broken(_request: Request) -> Response:
    raise RuntimeError("secret detail")


async def failed(_request: Request, _error: Exception) -> Response:
    return PlainTextResponse("the application's own answer", status_code=500)


async def bare(scope: Scope, receive: Receive, send: Send) -> None:
    raise RuntimeError("secret detail")


class Setup:
    def __init__(self, settings: Logs | None = None, wrapped: ASGIApp | None = None) -> None:
        self.registry = CollectorRegistry()
        self.chaos = ChaosSwitches(ChaosStart(), "storefront-1")
        app = Starlette(routes=[Route("/api/items/{id}", item), Route("/api/broken", broken)])

        app.add_exception_handler(Exception, failed)

        async def with_route(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["path"].startswith("/api/items/"):
                scope["route"] = app.routes[0]
            await app(scope, receive, send)

        self.middleware = ShopMiddleware(
            wrapped or with_route,
            metrics=HttpMetrics(self.registry, (0.1, 1.0)),
            chaos=self.chaos,
            logs=settings or Logs(),
        )

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        transport = httpx.ASGITransport(app=self.middleware)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
            yield client

    def count(self, route: str, status: int) -> float:
        labels = {"route": route, "method": "GET", "status": str(status)}
        return self.registry.get_sample_value("http_requests_total", labels) or 0.0


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    logs.configure(Logs(), "storefront-1")

    def read() -> list[dict[str, object]]:
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return read


async def test_a_request_gets_an_id_a_count_and_a_line(lines: Lines) -> None:
    setup = Setup()
    async with setup.client() as client:
        answer = await client.get("/api/items/1")
    assert answer.headers["x-request-id"] == answer.text
    assert len(answer.text) == 32
    assert setup.count("/api/items/{id}", 200) == 1
    (line,) = lines()
    assert line["route"] == "/api/items/{id}"
    assert line["request_id"] == answer.text
    assert line["customer"] == logs.customer_hash(7, "shop")
    assert line["process"] == "storefront-1"
    assert line["status"] == 200


@pytest.mark.parametrize("given", ["abc-1.2_X", "a" * 64])
async def test_a_well_formed_id_is_kept(given: str) -> None:
    async with Setup().client() as client:
        answer = await client.get("/api/items/1", headers={"X-Request-ID": given})
    assert answer.headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "a" * 65, 'x"y', "a b", "{}"])
async def test_any_other_id_is_replaced(given: str) -> None:
    async with Setup().client() as client:
        answer = await client.get("/api/items/1", headers={"X-Request-ID": given})
    assert len(answer.headers["x-request-id"]) == 32


async def test_an_error_that_the_application_answered_is_logged_once_and_goes_no_further(
    lines: Lines,
) -> None:
    setup = Setup()
    async with setup.client() as client:
        answer = await client.get("/api/broken")
    assert (answer.status_code, answer.text) == (500, "the application's own answer")
    assert setup.count("/api/broken", 500) == 1
    first, second = lines()
    assert "secret detail" in str(first["exception"])
    assert second["level"] == "warning"


async def test_an_error_that_nobody_answered_is_answered_without_its_detail(lines: Lines) -> None:
    setup = Setup(wrapped=bare)
    async with setup.client() as client:
        answer = await client.get("/x", headers={"X-Request-ID": "r1"})
    assert answer.status_code == 500
    assert answer.json()["error"] == {
        "code": "internal_error",
        "message": "The shop failed to answer. It has been noted.",
        "request_id": "r1",
    }
    assert setup.count("unmatched", 500) == 1
    assert "secret detail" in str(lines()[0]["exception"])


async def test_paths_that_no_route_serves_share_one_label() -> None:
    setup = Setup()
    async with setup.client() as client:
        for path in ("/a", "/b", "/.env"):
            assert (await client.get(path)).status_code == 404
    assert setup.count("unmatched", 404) == 3


async def test_chaos_fails_only_the_routes_it_names_and_never_its_own_switch() -> None:
    setup = Setup()
    setup.chaos.apply(ChaosRules(rules=(ChaosRule(route="/*", error_ratio=1, status=502),)))
    async with setup.client() as client:
        answer = await client.get("/api/broken")
        assert answer.status_code == 502
        assert answer.json()["error"]["code"] == "injected_fault"
        for exempt in ("/healthz", "/metrics", "/api/admin/chaos"):
            assert (await client.get(exempt)).status_code == 404
        setup.chaos.apply(ChaosRules(rules=(ChaosRule(route="/other/*", error_ratio=1),)))
        assert (await client.get("/api/items/1")).status_code == 200
        setup.chaos.apply(ChaosRules())
        assert not setup.chaos.active


async def test_request_lines_can_be_turned_off_but_failures_stay(lines: Lines) -> None:
    setup = Setup(Logs(requests=False))
    async with setup.client() as client:
        await client.get("/api/items/1")
        assert lines() == []
        await client.get("/api/broken")
        assert len(lines()) == 2
