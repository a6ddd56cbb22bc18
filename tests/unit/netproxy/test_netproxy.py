"""The proxy between components, driven over its API and by plain connections."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from drillyard.base.clock import until
from drillyard.measure.exposition import parse
from drillyard.range.netproxy.api import CLOSING, LINKS, Api
from drillyard.range.netproxy.proxy import AddressError, address

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.write_eof()
    writer.close()


@asynccontextmanager
async def proxied() -> AsyncIterator[tuple[httpx.AsyncClient, int]]:
    """The API, with a proxy `echo` before a server that answers what it is told; and the proxy's port."""
    api = Api()
    server = await asyncio.start_server(_echo, "127.0.0.1", 0)
    upstream = server.sockets[0].getsockname()[1]
    transport = httpx.ASGITransport(api.app())
    async with httpx.AsyncClient(transport=transport, base_url="http://proxy") as client:
        made = await client.post("/proxies", json={"name": "echo", "upstream": f"127.0.0.1:{upstream}"})
        assert made.status_code == 201
        try:
            yield client, int(made.json()["listen"].rpartition(":")[2])
        finally:
            await api.stop()
            server.close()


async def toxic(client: httpx.AsyncClient, type: str, stream: str = "downstream", **attributes: int) -> None:
    body: dict[str, Any] = {"type": type, "stream": stream, "attributes": attributes}
    (await client.post("/proxies/echo/toxics", json=body)).raise_for_status()


async def said(port: int, text: bytes) -> bytes:
    """What comes back, to the end of the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(text)
    writer.write_eof()
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    return answer


async def test_without_toxics_everything_goes_through() -> None:
    async with proxied() as (_, port):
        large = bytes(range(256)) * 20_000
        assert await said(port, large) == large
        assert await asyncio.gather(*(said(port, b"%d" % n) for n in range(20))) == [
            b"%d" % n for n in range(20)
        ]


@pytest.mark.parametrize(
    ("type", "attributes"),
    [
        ("latency", {"latency": 20, "jitter": 10}),
        ("bandwidth", {"rate": 5_000}),
        ("slicer", {"average_size": 3_000, "size_variation": 2_000, "delay": 100}),
        ("slow_close", {"delay": 20}),
    ],
)
async def test_what_is_late_comes_whole_and_in_order(type: str, attributes: dict[str, int]) -> None:
    async with proxied() as (client, port):
        text = bytes(range(256)) * 500
        for stream in ("upstream", "downstream"):
            await toxic(client, type, stream, **attributes)
        assert await said(port, text) == text


async def test_latency_holds_an_answer_back() -> None:
    async with proxied() as (client, port):
        await toxic(client, "latency", latency=150)
        loop = asyncio.get_running_loop()
        began = loop.time()
        assert await said(port, b"hello") == b"hello"
        assert loop.time() - began >= 0.15


async def test_what_is_limited_or_timed_out_is_cut_off() -> None:
    async with proxied() as (client, port):
        await toxic(client, "limit_data", bytes=5)
        assert await said(port, b"hello, world") == b"hello"
        await client.delete("/proxies/echo/toxics/limit_data_downstream")
        await toxic(client, "timeout", timeout=30)
        assert await said(port, b"hello") == b""


async def test_a_black_hole_ends_when_it_is_removed() -> None:
    async with proxied() as (client, port):
        await toxic(client, "timeout", timeout=0)
        answer = asyncio.create_task(said(port, b"hello"))
        await asyncio.sleep(0.05)
        assert not answer.done()
        (await client.delete("/proxies/echo/toxics/timeout_downstream")).raise_for_status()
        assert await answer == b""
        assert await said(port, b"hello") == b"hello"


async def test_a_peer_is_reset() -> None:
    async with proxied() as (client, port):
        await toxic(client, "reset_peer", timeout=10)
        with pytest.raises(ConnectionResetError):
            await said(port, b"hello")


async def test_what_is_under_way_goes_on_when_a_toxic_goes() -> None:
    async with proxied() as (client, port):
        await toxic(client, "bandwidth", rate=1)
        text = bytes(range(256)) * 200
        answer = asyncio.create_task(said(port, text))
        await asyncio.sleep(0.15)
        assert not answer.done()
        (await client.delete("/proxies/echo/toxics/bandwidth_downstream")).raise_for_status()
        assert await answer == text


async def test_a_toxicity_of_nothing_spares_everybody() -> None:
    async with proxied() as (client, port):
        body = {"type": "timeout", "toxicity": 0.0, "attributes": {"timeout": 1}}
        (await client.post("/proxies/echo/toxics", json=body)).raise_for_status()
        assert await said(port, b"hello") == b"hello"


async def test_a_proxy_that_is_down_refuses_and_comes_back_by_reset() -> None:
    async with proxied() as (client, port):
        down = await client.post("/proxies/echo", json={"enabled": False})
        assert down.json()["enabled"] is False
        with pytest.raises(ConnectionRefusedError):
            await said(port, b"hello")
        await toxic(client, "latency", latency=5)
        assert (await client.post("/reset")).status_code == 204
        assert (await client.get("/proxies/echo")).json()["toxics"] == []
        assert await said(port, b"hello") == b"hello"


async def test_a_server_that_is_not_there_resets_its_clients() -> None:
    async with proxied() as (client, _):
        made = await client.post("/proxies", json={"name": "nobody", "upstream": "127.0.0.1:1"})
        port = int(made.json()["listen"].rpartition(":")[2])
        with pytest.raises(ConnectionResetError):
            await said(port, b"hello")


async def test_the_api_shows_what_clients_expect() -> None:
    async with proxied() as (client, port):
        assert set((await client.get("/version")).json()) == {"version"}
        await toxic(client, "latency", latency=5)
        shown = (await client.get("/proxies")).json()
        assert set(shown) == {"echo"}
        assert shown["echo"]["toxics"] == [
            {
                "name": "latency_downstream",
                "type": "latency",
                "stream": "downstream",
                "toxicity": 1.0,
                "attributes": {"latency": 5, "jitter": 0},
            }
        ]
        changed = await client.post(
            "/proxies/echo/toxics/latency_downstream", json={"attributes": {"jitter": 2}}
        )
        assert changed.json()["attributes"] == {"latency": 5, "jitter": 2}
        populated = await client.post(
            "/populate",
            json=[{"name": "echo", "listen": f"127.0.0.1:{port}", "upstream": shown["echo"]["upstream"]}],
        )
        assert populated.status_code == 201
        assert populated.json()["proxies"][0]["name"] == "echo"
        assert (await client.delete("/proxies/echo")).status_code == 204
        assert (await client.get("/proxies")).json() == {}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "error"),
    [
        ("POST", "/proxies", {"name": "x"}, 400, "missing required field: upstream"),
        ("POST", "/proxies", {"name": "x", "upstream": "127.0.0.1:1", "listen": 80}, 400, "host:port"),
        ("POST", "/proxies/echo", {"listen": 80}, 400, "host:port"),
        ("POST", "/proxies", {"name": "echo", "upstream": "127.0.0.1:1"}, 409, "proxy already exists"),
        (
            "POST",
            "/proxies",
            {"name": "far", "upstream": "example.com:80"},
            400,
            "no address on the loopback",
        ),
        ("POST", "/proxies", {"name": "far", "upstream": "10.0.0.1:80"}, 400, "no address on the loopback"),
        ("GET", "/proxies/none", None, 404, "proxy not found"),
        ("GET", "/proxies/echo/toxics/none", None, 404, "toxic not found"),
        ("POST", "/proxies/echo/toxics", {"type": "fire"}, 400, "invalid toxic type"),
        (
            "POST",
            "/proxies/echo/toxics",
            {"type": "latency", "stream": "sideways"},
            400,
            "stream was invalid",
        ),
        ("POST", "/proxies/echo/toxics", {"type": "latency", "attributes": {"latency": -1}}, 400, "latency"),
        ("POST", "/proxies/echo/toxics", {"type": "latency", "attributes": {"heat": 1}}, 400, "heat"),
        ("POST", "/populate", {"name": "x"}, 400, "list of proxies"),
    ],
)
async def test_what_is_wrong_is_refused_in_the_apis_own_shape(
    method: str, path: str, body: object, status: int, error: str
) -> None:
    async with proxied() as (client, _):
        answer = await client.request(method, path, json=body)
        assert answer.status_code == status
        assert set(answer.json()) == {"error", "status"}
        assert error in answer.json()["error"]


def test_only_the_loopback_is_an_address() -> None:
    assert address("localhost:80") == ("127.0.0.1", 80)
    assert address("[::1]:80") == ("::1", 80)
    for text in ("example.com:80", "8.8.8.8:53", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000", "0.0.0.0:80"):
        with pytest.raises(AddressError):
            address(text)


async def links(client: httpx.AsyncClient) -> tuple[int, int]:
    """How many are open, and of how many of these one side has closed and the other was not told."""
    samples = parse((await client.get("/metrics")).text, (LINKS, CLOSING))
    open_ = sum(each.value for each in samples if each.name == LINKS)
    return int(open_), int(sum(each.value for each in samples) - open_)


async def all_gone(client: httpx.AsyncClient) -> None:
    async def gone() -> bool:
        return await links(client) == (0, 0)

    await until(gone, deadline_s=5, what="no connection is left", every_s=0.01)


async def test_nothing_is_left_of_connections_that_both_sides_have_closed() -> None:
    async with proxied() as (client, port):
        for _ in range(20):
            assert await said(port, b"x") == b"x"
        await all_gone(client)


async def test_a_client_that_closes_without_a_word_leaves_nothing_behind() -> None:
    async with proxied() as (client, port):
        for _ in range(20):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"x")
            writer.transport.abort()
        await all_gone(client)


async def test_whoever_sends_to_a_server_that_is_gone_is_reset() -> None:
    async def rude(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.transport.abort()

    async with proxied() as (client, _):
        server = await asyncio.start_server(rude, "127.0.0.1", 0)
        upstream = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        made = await client.post("/proxies", json={"name": "rude", "upstream": upstream})
        reader, writer = await asyncio.open_connection(*address(made.json()["listen"]))
        writer.write(b"x")
        assert await reader.read() == b""  # it is told that nothing more comes

        async def refused() -> bool:
            try:
                writer.write(b"y" * 1000)
                await writer.drain()
            except ConnectionError:
                return True
            return False

        await until(refused, deadline_s=5, what="whoever sends is told", every_s=0.01)
        server.close()


async def test_a_client_that_was_told_and_stays_is_not_closing() -> None:
    async with proxied() as (client, port):
        await toxic(client, "slow_close", delay=60_000)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write_eof()  # the echo closes then

        async def closing() -> bool:
            return await links(client) == (1, 1)

        await until(closing, deadline_s=5, what="its close is held back", every_s=0.01)
        await client.delete("/proxies/echo/toxics/slow_close_downstream")
        assert await reader.read() == b""
        await all_gone(client)
        writer.close()

        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
        upstream = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        made = await client.post("/proxies", json={"name": "short", "upstream": upstream})
        reader, writer = await asyncio.open_connection(*address(made.json()["listen"]))
        assert await reader.read() == b""
        assert await links(client) == (1, 0)  # a pool that does not look keeps it, and that is its affair
        writer.close()
        await all_gone(client)
        server.close()


async def test_what_a_server_says_before_it_is_asked_goes_to_the_client() -> None:
    async def greeting(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready\r\n")
        writer.close()

    async with proxied() as (client, _):
        server = await asyncio.start_server(greeting, "127.0.0.1", 0)
        upstream = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        made = await client.post("/proxies", json={"name": "mail", "upstream": upstream})
        for _ in range(20):
            reader, writer = await asyncio.open_connection(*address(made.json()["listen"]))
            assert await reader.read() == b"220 ready\r\n"
            writer.close()
        await all_gone(client)
        server.close()
