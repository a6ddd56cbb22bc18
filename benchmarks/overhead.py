"""What the shop's metrics-and-chaos middleware (off) and a proxy of the network add to a request.

    python benchmarks/overhead.py [--rounds 20] [--requests 400]

Ratios within one run. `middleware`: the same application answers the same request in one process, with the
outermost layer (request id, chaos switches, metrics, log line) and without it, in turns. `network`: the same
replica of a range with a network is asked over its own address and over the load balancer's link to it, in
turns, one connection each, kept open; `page` is a page from the cache (the replica's own work is in it),
`alive` answers at once. Medians over rounds.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import httpx
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message

from drillyard.range.addresses import Endpoint
from drillyard.range.range import Range, Settings
from drillyard.range.workspace import create_workspace
from storefront import logs
from storefront.chaos import ChaosSwitches
from storefront.metrics import HttpMetrics
from storefront.middleware import ShopMiddleware
from storefront.settings.observability import ChaosStart, Logs

SCALE = 0.02
Ask = Callable[[], Awaitable[None]]


def main() -> None:
    """Run both and print the ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--requests", type=int, default=400)
    chosen = parser.parse_args()
    asyncio.run(run(chosen.rounds, chosen.requests))


async def run(rounds: int, requests: int) -> None:
    """Both."""
    with redirect_stdout(StringIO()):  # its log lines are made and thrown away
        bare, layered = await compared(_in_process(None), _in_process(_layer), rounds, requests)
    _print("middleware", bare, layered)
    with tempfile.TemporaryDirectory(prefix="drillyard-overhead-") as scratch:
        place = Path(scratch)
        place.chmod(0o755)  # noqa: ASYNC240 - nothing else runs yet
        made = await Range.create(place / "range", Settings(scale=SCALE, monitoring=False, network=True))
        made.release(create_workspace(place / "workspace", made.addresses, made.credentials, history=False))
        try:
            await made.start()
            at = made.addresses.endpoint
            direct, link = at("storefront-1"), at("haproxy-to-storefront-1")
            for name, path in (("alive", "/healthz"), ("page", "/api/categories")):
                async with _client(direct) as straight, _client(link) as through:
                    pair = await compared(_get(straight, path), _get(through, path), rounds, requests)
                _print(f"network, {name}", *pair)
        finally:
            await made.remove()


async def compared(one: Ask, other: Ask, rounds: int, requests: int) -> tuple[list[float], list[float]]:
    """Microseconds per request in each round, in turns; a round of each before it is not counted."""
    spent: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds + 1):
        for ask, times in zip((one, other), spent, strict=True):
            began = time.perf_counter()
            for _ in range(requests):
                await ask()
            if number:
                times.append((time.perf_counter() - began) / requests * 1e6)
    return spent


def _print(what: str, without: list[float], with_it: list[float]) -> None:
    ratio = statistics.median(b / a for a, b in zip(without, with_it, strict=True))
    a, b = statistics.median(without), statistics.median(with_it)
    print(
        f"{what}: {ratio:.2f} x (median {a:.0f} us without, {b:.0f} us with, {b - a:.0f} us more)", flush=True
    )


def _client(endpoint: Endpoint) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://{endpoint}", trust_env=False)


def _get(client: httpx.AsyncClient, path: str) -> Ask:
    async def ask() -> None:
        (await client.get(path)).raise_for_status()

    return ask


def _in_process(layer: Callable[[ASGIApp], ASGIApp] | None) -> Ask:
    """A request to a small application, as a server hands it over."""

    async def page(_: Request) -> Response:
        return JSONResponse({"status": "alive"})

    app: ASGIApp = Starlette(routes=[Route("/api/page", page)])
    app = layer(app) if layer else app

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(_: Message) -> None:
        return

    async def ask() -> None:
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/api/page",
            "raw_path": b"/api/page",
            "headers": [],
        }
        await app({**scope, "query_string": b"", "root_path": "", "state": {}}, receive, send)

    return ask


def _layer(app: ASGIApp) -> ASGIApp:
    logs.configure(Logs(), "storefront-1")
    metrics = HttpMetrics(CollectorRegistry(), (0.1, 1.0))
    switches = ChaosSwitches(ChaosStart(), "storefront-1")
    return ShopMiddleware(app, metrics=metrics, chaos=switches, logs=Logs())


if __name__ == "__main__":
    main()
