"""A cache whose connections are reset again and again, as a replica meets it: on uvloop."""

import asyncio

import pytest
import uvloop
from jobs_services import Valkey
from prometheus_client import CollectorRegistry

from drillyard.base.clock import until
from drillyard.range.netproxy.proxy import Proxy
from storefront.cache import ABSENT, Cache
from storefront.chaos import ChaosSwitches, follow
from storefront.metrics import CacheMetrics
from storefront.settings.cache import Cache as CacheSettings
from storefront.settings.observability import ChaosStart

pytestmark = pytest.mark.timeout(90)

ASKING = 20
RESETS = 100
EVERY_S = 0.02


async def _made() -> bytes:
    return b"{}"


def test_connections_that_are_reset_end_neither_requests_nor_who_follows_switches(valkey: Valkey) -> None:
    async def reset_often() -> None:
        proxy = Proxy("cache", "127.0.0.1:0", f"{valkey.host}:6379")
        await proxy.start()
        settings = CacheSettings.model_validate({"url": f"redis://{proxy.listen}/0"})
        cache = Cache(settings, CacheMetrics(CollectorRegistry()), "storefront-1")
        over = asyncio.Event()

        async def ask(number: int) -> None:
            while not over.is_set():
                assert await cache.fetch("product", {"id": number}, _made) == b"{}"
                await asyncio.sleep(EVERY_S / ASKING * (1 + number))

        async def reset() -> None:
            for _ in range(RESETS):
                await asyncio.sleep(EVERY_S)
                for link in list(proxy.links):
                    link.reset()
            over.set()

        switches = ChaosSwitches(ChaosStart(), "storefront-1")
        following = [asyncio.create_task(follow(switches, cache.keys, ABSENT)) for _ in range(ASKING)]
        try:
            async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
                tasks.create_task(reset())
                for number in range(ASKING):
                    tasks.create_task(ask(number))
            assert not any(each.done() for each in following)
            await until(cache.answers, deadline_s=10, what="the cache answers", every_s=0.05)
        finally:
            for each in following:
                each.cancel()
            await cache.close()
            await proxy.stop()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(reset_often())
