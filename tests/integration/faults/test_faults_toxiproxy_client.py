"""The stock Toxiproxy client for Python drives the network of a range."""

import asyncio
from collections.abc import Callable

import pytest
from faults_stand import Stand
from toxiproxy import Toxiproxy
from toxiproxy.exceptions import InvalidToxic, NotFound, ProxyExists

from drillyard.range.addresses import Endpoint

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]
LINK = "storefront-1-to-valkey"
LATE_MS = 300


async def with_client(stand: Stand, work: Callable[[Toxiproxy], object]) -> object:
    """The client blocks: its work is done in a thread."""
    at = stand.range.addresses.endpoint("network")

    def do() -> object:
        client = Toxiproxy()
        client.update_api_consumer(at.host, at.port)
        return work(client)

    return await asyncio.to_thread(do)


async def asked(endpoint: Endpoint) -> float:
    """How long Valkey takes to answer at this address, in seconds."""
    began = asyncio.get_running_loop().time()
    reader, writer = await asyncio.open_connection(endpoint.host, endpoint.port)
    writer.write(b"PING\r\n")
    assert await reader.readline() == b"+PONG\r\n"
    writer.close()
    return asyncio.get_running_loop().time() - began


async def test_it_finds_the_links_of_the_range(stand: Stand) -> None:
    proxies = await with_client(stand, lambda client: client.proxies())
    assert isinstance(proxies, dict)
    assert {LINK, "haproxy-to-storefront-2", "worker-payments-to-partner"} <= proxies.keys()
    assert proxies[LINK].enabled
    assert proxies[LINK].upstream == str(stand.range.addresses.endpoint("valkey"))


async def test_it_makes_a_link_slow_and_well_again(stand: Stand) -> None:
    link = stand.range.addresses.endpoint(LINK)

    def slow(client: Toxiproxy) -> None:
        proxy = client.get_proxy(LINK)
        proxy.add_toxic(type="latency", attributes={"latency": LATE_MS})
        assert proxy.get_toxic("latency_downstream").attributes["latency"] == LATE_MS

    await with_client(stand, slow)
    assert await asked(link) >= LATE_MS / 1000
    await with_client(stand, lambda client: client.reset())
    assert await asked(link) < LATE_MS / 1000


async def test_it_takes_a_link_down(stand: Stand) -> None:
    link = stand.range.addresses.endpoint(LINK)
    await with_client(stand, lambda client: client.get_proxy(LINK).disable())
    with pytest.raises(ConnectionError):
        await asked(link)
    await with_client(stand, lambda client: client.get_proxy(LINK).enable())
    await asked(link)


async def test_it_makes_a_proxy_of_its_own_and_hears_what_is_wrong(stand: Stand) -> None:
    valkey = str(stand.range.addresses.endpoint("valkey"))

    def work(client: Toxiproxy) -> str:
        proxy = client.create(upstream=valkey, name="own")
        with pytest.raises(ProxyExists):
            client.create(upstream=valkey, name="own")
        with pytest.raises(InvalidToxic):
            proxy.add_toxic(type="fire")
        with pytest.raises(NotFound):
            proxy.destroy_toxic("none")
        return str(proxy.listen)

    host, _, port = str(await with_client(stand, work)).rpartition(":")
    await asked(Endpoint(host, int(port)))
    await with_client(stand, lambda client: client.get_proxy("own").destroy())
    assert await with_client(stand, lambda client: client.get_proxy("own")) is None
