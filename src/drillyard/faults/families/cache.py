"""A cache that forgets, runs out of memory, locks its door, or is slow."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterable
from typing import ClassVar

import valkey.asyncio as valkey
from pydantic import Field
from valkey.exceptions import AuthenticationError

from drillyard.base.errors import UserError
from drillyard.faults.fault import Fault, Memory, Moves
from drillyard.faults.scene import Scene

_BATCH = 1000
_HOT = "hot:key"
_READERS = 8
_BUSY = """
local ends = os.clock() + ARGV[1] / 1000
while os.clock() < ends do end
return ARGV[1]
"""


class _OfCache(Fault):
    """Valkey as a whole."""

    claimed: ClassVar[str]

    def claims(self, scene: Scene) -> Iterable[str]:
        """What of it is changed."""
        return [f"cache:{self.claimed}"]

    async def end(self, scene: Scene, memory: Memory) -> None:
        """It fills again, or is left alone."""


class Flush(_OfCache):
    """Everything in the cache is gone at once, but for the queues: every request asks the database until it
    is full again.
    """

    id = "cache.flush"
    title = "The cache is flushed"
    undone = "it fills again by itself"
    moves = (Moves("cache.hit_ratio", "down"), Moves("db.calls"))
    claimed = "entries"

    every_s: float = Field(default=5.0, ge=0.5, le=3600, description="Seconds between two flushes.")

    async def begin(self, scene: Scene, memory: Memory) -> None:
        """The first comes at once."""

    async def during(self, scene: Scene, memory: Memory) -> None:
        """Again and again."""
        while True:
            async with scene.cache() as cache:
                await flush(cache)
            await asyncio.sleep(self.every_s)


async def flush(cache: valkey.Valkey) -> None:
    """Drop every key that has a time to live: what has none is no cache entry."""
    async for keys in _batches(cache):
        async with cache.pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.pttl(key)
            lives = await pipe.execute()
        mortal = [key for key, life in zip(keys, lives, strict=True) if life > 0]
        if mortal:
            await cache.unlink(*mortal)


async def _batches(cache: valkey.Valkey) -> AsyncIterator[list[bytes]]:
    batch: list[bytes] = []
    async for key in cache.scan_iter(count=_BATCH):
        batch.append(key)
        if len(batch) >= _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


class EvictionStorm(_OfCache):
    """The memory of the cache server shrinks under what it holds: it evicts what its policy allows, all the
    time; where that allows nothing, it refuses writes.
    """

    id = "cache.eviction-storm"
    title = "The cache is too small"
    undone = "its memory is what it was"
    moves = (Moves("valkey.evicted"), Moves("cache.hit_ratio", "down"))
    claimed = "memory"

    share: float = Field(default=0.7, gt=0, lt=1, description="Of the memory in use now, so much is left.")

    async def look(self, scene: Scene) -> Memory:
        """Its limit, and what it will be."""
        async with scene.cache() as cache:
            info = await cache.info("memory")
        return {"before": int(info["maxmemory"]), "ours": round(int(info["used_memory"]) * self.share)}

    async def begin(self, scene: Scene, memory: Memory) -> None:
        """From now on."""
        async with scene.cache() as cache:
            await cache.config_set("maxmemory", str(memory["ours"]))

    async def end(self, scene: Scene, memory: Memory) -> None:
        """As it was, unless somebody has set another since."""
        async with scene.cache() as cache:
            now = (await cache.config_get("maxmemory")).get("maxmemory")
            if int(str(now)) == memory["ours"]:
                await cache.config_set("maxmemory", str(memory["before"]))


class AuthChange(_OfCache):
    """Somebody sets a password on the cache server that the shop does not know, and everybody has to connect
    anew: neither entries nor queues can be reached.
    """

    id = "cache.auth-change"
    title = "The cache wants another password"
    undone = "the password is what it was"
    moves = (Moves("cache.errors"),)
    claimed = "password"
    within_s = 30.0

    async def look(self, scene: Scene) -> Memory:
        """The password before, and the one that comes."""
        async with scene.cache() as cache:
            before = (await cache.config_get("requirepass")).get("requirepass", "")
        if before:
            raise UserError("The cache has a password already: it is not changed under whoever set it")
        return {"before": "", "password": secrets.token_hex(8)}

    async def begin(self, scene: Scene, memory: Memory) -> None:
        """Whoever is connected is sent away."""
        async with scene.cache() as cache:
            await cache.config_set("requirepass", str(memory["password"]))
            await cache.client_kill_filter(_type="normal", skipme=True)

    async def end(self, scene: Scene, memory: Memory) -> None:
        """A server that was started again since has none."""
        try:
            async with scene.cache(str(memory["password"])) as cache:
                await cache.config_set("requirepass", "")
        except AuthenticationError:
            return  # somebody has mended it already


class SlowCommands(_OfCache):
    """Somebody runs commands that take long. The server does one at a time: all others wait behind them."""

    id = "cache.slow-commands"
    title = "The cache is held up by slow commands"
    undone = "no more are sent"
    moves = (Moves("latency.p95"), Moves("latency.p99"), Moves("shop.handling"))
    claimed = "time"

    takes_ms: int = Field(default=80, ge=1, le=4_000, description="Milliseconds that each command takes.")
    every_ms: int = Field(default=200, ge=10, le=60_000, description="Milliseconds between two.")

    async def begin(self, scene: Scene, memory: Memory) -> None:
        """The first comes at once."""

    async def during(self, scene: Scene, memory: Memory) -> None:
        """Again and again."""
        async with scene.cache() as cache:
            busy = cache.register_script(_BUSY)
            while True:
                await busy(args=[self.takes_ms])
                await asyncio.sleep(self.every_ms / 1000)


class HotKey(_OfCache):
    """Somebody reads one large entry many times a second: the server's time and its network go there."""

    id = "cache.hot-key"
    title = "One key takes the cache's time"
    undone = "nobody reads it any more, and it is gone"
    moves = (Moves("valkey.commands"),)
    claimed = "hot-key"

    size_kb: int = Field(default=128, ge=1, le=16_384, description="Size of the entry in kB.")
    per_s: float = Field(default=300.0, ge=1, le=5_000, description="Reads a second.")

    async def begin(self, scene: Scene, memory: Memory) -> None:
        """It has a time to live, as every entry."""
        async with scene.cache() as cache:
            await cache.set(_HOT, b"x" * (self.size_kb * 1024), ex=3600)

    async def during(self, scene: Scene, memory: Memory) -> None:
        """Several read it, together at most that often."""
        await asyncio.gather(*(self._read(scene) for _ in range(_READERS)))

    async def _read(self, scene: Scene) -> None:
        async with scene.cache() as cache:
            while True:
                await asyncio.gather(cache.get(_HOT), asyncio.sleep(_READERS / self.per_s))

    async def end(self, scene: Scene, memory: Memory) -> None:
        """It is dropped."""
        async with scene.cache() as cache:
            await cache.unlink(_HOT)
