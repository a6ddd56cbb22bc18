"""Job queues, looked up in the broker itself: how many wait, and how old the oldest is.

The layout is Dramatiq's Redis broker's (`<namespace>:<queue>` a list of message ids, oldest first,
`<...>.msgs` their bodies, `.DQ` the delayed ones, `.XQ` the dead letters); see
dramatiq/brokers/redis/dispatch.lua. Queues are found by their keys, so that a learner may name and split
them at will.
"""

import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from typing import Any

import valkey.asyncio as valkey

from drillyard.measure.reading import Combine, Unit
from drillyard.measure.site import Site
from drillyard.measure.source import Described, Sheet, Source

_DELAYED, _DEAD, _BODIES, _ACKS = ".DQ", ".XQ", ".msgs", ":__acks__."
_FIND_EVERY = 8
"""Looks between two searches for keys; a search walks every key of the cache."""


class Queues(Source):
    """Depth and age by queue."""

    name = "queues"
    describes = (
        Described("queue.depth.<queue>", Unit.COUNT, Combine.MAX),
        Described("queue.oldest.<queue>", Unit.SECONDS, Combine.MAX),
        Described("queue.delayed.<queue>", Unit.COUNT, Combine.MAX),
        Described("queue.dead", Unit.COUNT, Combine.SUM),
        Described("queue.dead.<queue>", Unit.COUNT, Combine.SUM),
        Described("queue.depth_max", Unit.COUNT, Combine.MAX),
        Described("queue.oldest_max", Unit.SECONDS, Combine.MAX),
    )

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        endpoint = site.addresses.endpoint("valkey")
        self._client = valkey.Valkey(
            host=endpoint.host,
            port=endpoint.port,
            socket_timeout=5,
            socket_connect_timeout=3,
            client_name="drillyard-measure",
        )
        self._keys: dict[str, str] = {}
        self._looks = 0
        self._dead_before: dict[str, int] = {}
        self._depth: defaultdict[str, int] = defaultdict(int)
        self._oldest: defaultdict[str, float] = defaultdict(float)
        self._delayed: defaultdict[str, int] = defaultdict(int)

    async def begin(self) -> None:
        """Find the queues and note their dead letters."""
        self._looks = 0
        for notes in (self._depth, self._oldest, self._delayed):
            notes.clear()
        self._keys = await find_queues(self._client)
        self._dead_before = await self._dead()
        await self._look()

    async def sample(self) -> None:
        """Note depth and age."""
        self._looks += 1
        if self._looks % _FIND_EVERY == 0:
            self._keys |= await find_queues(self._client)
        await self._look()

    async def end(self, sheet: Sheet) -> None:
        """Look a last time and write down the worst of each."""
        self._keys |= await find_queues(self._client)
        await self._look()
        source = "the broker's own lists (LLEN, LINDEX), twice a second"
        for queue, depth in self._depth.items():
            sheet.add(f"queue.depth.{queue}", depth, source)
        for queue, age in self._oldest.items():
            sheet.add(f"queue.oldest.{queue}", age, source)
        for queue, count in self._delayed.items():
            sheet.add(f"queue.delayed.{queue}", count, source)
        sheet.add("queue.depth_max", max(self._depth.values(), default=0), source)
        sheet.add("queue.oldest_max", max(self._oldest.values(), default=0.0), source)
        dead = await self._dead()
        grown = {queue: max(0, count - self._dead_before.get(queue, 0)) for queue, count in dead.items()}
        for queue, count in grown.items():
            sheet.add(f"queue.dead.{queue}", count, "the broker's dead letters (ZCARD)")
        sheet.add("queue.dead", sum(grown.values()), "the broker's dead letters (ZCARD)")

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _look(self) -> None:
        now_ms = time.time() * 1000
        for queue, key in self._keys.items():
            depth = int(await _answer(self._client.llen(key)))
            self._depth[queue] = max(self._depth[queue], depth)
            delayed = int(await _answer(self._client.hlen(key + _DELAYED + _BODIES)))
            self._delayed[queue] = max(self._delayed[queue], delayed)
            age = await self._age_ms(key, now_ms) if depth else 0.0
            self._oldest[queue] = max(self._oldest[queue], age / 1000)

    async def _age_ms(self, key: str, now_ms: float) -> float:
        first = await _answer(self._client.lindex(key, 0))
        body = await _answer(self._client.hget(key + _BODIES, first)) if first else None
        return max(0.0, now_ms - due_ms(body)) if body else 0.0

    async def _dead(self) -> dict[str, int]:
        return {
            queue: int(await _answer(self._client.zcard(key + _DEAD))) for queue, key in self._keys.items()
        }


def due_ms(body: bytes) -> float:
    """Since when a message could have been run, in ms since the epoch: its time, or the end of its delay."""
    try:
        message: dict[str, Any] = json.loads(body)
        return float(message.get("options", {}).get("eta") or message["message_timestamp"])
    except (ValueError, KeyError, TypeError):
        return time.time() * 1000


async def find_queues(client: valkey.Valkey) -> dict[str, str]:
    """Every queue of the broker by name, with its key. Walks the keys without holding the server up."""
    found: dict[str, str] = {}
    for pattern in (f"*{_BODIES}", f"*{_DEAD}", "*:__acks__.*"):
        async for key in client.scan_iter(match=pattern, count=2000):
            found.update(_queue_of(key.decode(errors="replace")))
    return found


def _queue_of(key: str) -> Iterable[tuple[str, str]]:
    if _ACKS in key:
        namespace, _, rest = key.partition(_ACKS)
        queue = rest.partition(".")[2]
        key = f"{namespace}:{queue}"
    for ending in (_BODIES, _DELAYED, _DEAD):
        key = key.removesuffix(ending)
    queue = key.rpartition(":")[2]
    return [(queue, key)] if queue else []


async def _answer(call: Any) -> Any:
    """The client's annotations say that a command may be answered at once; the asyncio client never does."""
    return await call


async def messages(client: valkey.Valkey, key: str) -> AsyncIterator[dict[str, Any]]:
    """Every message that a queue holds: waiting, delayed, or with a worker that has not finished it."""
    for bodies in (key + _BODIES, key + _DELAYED + _BODIES):
        async for message in _bodies(client, bodies):
            yield message


async def dead_letters(client: valkey.Valkey, key: str) -> AsyncIterator[dict[str, Any]]:
    """Every message of a queue that was given up and put aside."""
    async for message in _bodies(client, key + _DEAD + _BODIES):
        yield message


async def _bodies(client: valkey.Valkey, key: str) -> AsyncIterator[dict[str, Any]]:
    async for _, body in client.hscan_iter(key, count=1000):
        try:
            yield json.loads(body)
        except ValueError:
            continue
