"""A cache that is required, and is not there: nothing listens on port 1."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from prometheus_client import CollectorRegistry

from storefront.cache import PATIENCE, Cache, CacheUnavailableError
from storefront.metrics import CacheMetrics
from storefront.settings.cache import Cache as CacheSettings

pytestmark = pytest.mark.anyio

NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@asynccontextmanager
async def cache_of(**changes: object) -> AsyncIterator[Cache]:
    settings = CacheSettings.model_validate({"url": NOWHERE} | changes)
    cache = Cache(settings, CacheMetrics(CollectorRegistry()), "storefront-1")
    yield cache
    await cache.close()


class Database:
    """Counts how often it is asked."""

    asked = 0

    async def __call__(self) -> bytes:
        self.asked += 1
        return b"{}"


async def fetch(cache: Cache, database: Database) -> bytes:
    return await cache.fetch("home", {}, database)


@pytest.mark.parametrize("protection", ["none", "lock", "early-recompute"])
async def test_a_required_cache_that_is_away_fails_requests_and_asks_no_database(protection: str) -> None:
    database = Database()
    async with cache_of(required=True, home={"protection": protection}) as cache:
        for _ in range(PATIENCE + 2):  # the last ones while it is left alone
            with pytest.raises(CacheUnavailableError):
                await fetch(cache, database)
    assert database.asked == 0


@pytest.mark.parametrize("changes", [{}, {"enabled": False}, {"home": {"enabled": False}}])
async def test_one_that_is_not_required_or_not_enabled_is_done_without(changes: dict[str, object]) -> None:
    database = Database()
    async with cache_of(required=bool(changes), **changes) as cache:
        for _ in range(PATIENCE + 2):
            assert await fetch(cache, database) == b"{}"
    assert database.asked == PATIENCE + 2


async def test_it_is_required_and_not_required_while_it_runs() -> None:
    async with cache_of() as cache:
        assert json.loads(await fetch(cache, Database())) == {}
        cache.configure(CacheSettings(url=NOWHERE, required=True))
        with pytest.raises(CacheUnavailableError):
            await fetch(cache, Database())
        cache.configure(CacheSettings(url=NOWHERE))
        assert json.loads(await fetch(cache, Database())) == {}
