"""Valkey as a cache of finished JSON: kinds, keys, lifetimes, and protection against stampedes.

The shop works without it, only slower: a cache that is away or slow is left alone for a moment, and every
request asks the database (or fails, where the cache is `required`). An entry is one line of header (when it
stops being fresh, how long it took to make), then the JSON.
"""

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from itertools import count

from valkey.asyncio import BlockingConnectionPool, Valkey
from valkey.exceptions import ValkeyError

from storefront import clock, tracing
from storefront.logs import get_logger
from storefront.metrics import CacheMetrics
from storefront.settings.cache import Cache as CacheSettings
from storefront.settings.cache import Kind, Protection

CONNECTION_LOST = (OSError, RuntimeError)
"""What a lost connection raises. uvloop has RuntimeError for a write to one that was reset just before
(https://github.com/MagicStack/uvloop/issues/506).
"""
ABSENT = (ValkeyError, asyncio.TimeoutError, *CONNECTION_LOST)
"""What a cache that is away, slow or out of memory raises."""

REST_S = 1.0
PATIENCE = 3
POLL_S = 0.02

log = get_logger(__name__)

Make = Callable[[], Awaitable[bytes]]


class CacheUnavailableError(Exception):
    """The cache is required, and it is away or slow."""


@dataclass(frozen=True)
class Entry:
    """What was kept: fresh until `expires` (seconds since the epoch); it took `cost_s` seconds to make."""

    body: bytes
    expires: float
    cost_s: float

    def pack(self) -> bytes:
        """As it lies in Valkey."""
        return b"%.3f %.4f\n%b" % (self.expires, self.cost_s, self.body)

    @classmethod
    def unpack(cls, data: bytes) -> "Entry":
        """What `pack` wrote.

        Raises:
            ValueError: it was somebody else's.
        """
        head, separator, body = data.partition(b"\n")
        expires, _, cost = head.partition(b" ")
        if not separator:
            raise ValueError("no header")
        return cls(body, float(expires), float(cost))

    def wants_early_renewal(self, now: float, beta: float) -> bool:
        """Whether to renew before the end: the nearer the end and the dearer the entry, the likelier.

        XFetch, from Vattani, Chierichetti and Lowenstein, "Optimal Probabilistic Cache Stampede Prevention"
        (VLDB 2015).
        """
        return now - self.cost_s * beta * math.log(1 - random.random()) >= self.expires


class Keys:
    """Plain keys beside the cache: what replicas tell each other. Failures are the caller's."""

    def __init__(self, client: Valkey) -> None:
        self._client = client

    async def get(self, name: str, /) -> bytes | None:
        """The value of a key."""
        value = await self._client.get(name)
        return None if value is None else bytes(value)

    async def set(self, name: str, value: str, /) -> None:
        """Set a key."""
        await self._client.set(name, value)

    async def delete(self, name: str, /) -> None:
        """Remove a key."""
        await self._client.delete(name)


class Breaker:
    """Leaves the cache alone for `REST_S` seconds after `PATIENCE` failures in a row."""

    def __init__(self) -> None:
        self._failures = 0
        self._rests_until = 0.0

    @property
    def closed(self) -> bool:
        """Whether the cache may be asked."""
        return time.monotonic() >= self._rests_until

    def succeeded(self) -> None:
        """The cache answered."""
        self._failures = 0

    def failed(self) -> bool:
        """The cache did not answer; True when it is left alone from now on."""
        self._failures += 1
        if self._failures < PATIENCE:
            return False
        self._rests_until = time.monotonic() + REST_S
        return True


class Cache:
    """The cache of one process."""

    def __init__(self, settings: CacheSettings, metrics: CacheMetrics, process: str) -> None:
        self._settings = settings
        self._metrics = metrics
        self._breaker = Breaker()
        self._tokens = (f"{process}-{number}".encode() for number in count())
        timeout_s = settings.timeout_ms / 1000
        pool = BlockingConnectionPool.from_url(
            settings.url.replace("redis://", "valkey://", 1).replace("rediss://", "valkeys://", 1),
            max_connections=settings.max_connections,
            timeout=timeout_s,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            client_name=process,
        )
        self.client = Valkey(connection_pool=pool)
        self.keys = Keys(self.client)

    def configure(self, settings: CacheSettings) -> None:
        """Take what can change while we run."""
        self._settings = settings

    async def close(self) -> None:
        """Close all connections."""
        await self.client.aclose()
        await self.client.connection_pool.disconnect()

    async def answers(self) -> bool:
        """Whether Valkey answers a PING now."""
        try:
            return bool(await self.client.ping())
        except ABSENT:
            return False

    async def fetch(self, kind: str, fields: Mapping[str, object], make: Make) -> bytes:
        """The JSON of one thing: from the cache, or made by `make` and kept for others.

        `fields` are what the kind's key may name. Whatever `make` raises is raised here, and nothing is kept.

        Raises:
            CacheUnavailableError: the cache is required, and did not answer.
        """
        rules = self._settings.kind(kind)
        if not (self._settings.enabled and rules.enabled):
            return await make()
        if not self._breaker.closed:
            self._go_without()
            self._metrics.miss(kind)
            return await make()
        key = rules.key.format_map(fields)
        with tracing.span("cache.fetch", kind=kind):
            entry = await self._get(kind, key)
            now = clock.now()
            if entry is not None and now < entry.expires:
                early = rules.protection is Protection.EARLY
                if not (early and entry.wants_early_renewal(now, self._settings.early_beta)):
                    self._metrics.hit(kind)
                    return entry.body
            if rules.protection is Protection.LOCK:
                return await self._fill_locked(kind, rules, key, entry, make)
            if entry is not None and now < entry.expires + rules.stale_s and entry.expires <= now:
                return await self._serve_stale(kind, rules, key, entry, make)
            self._metrics.miss(kind)
            return await self._fill(kind, rules, key, make)

    async def forget(self, kind: str, fields: Mapping[str, object]) -> None:
        """Drop one entry, where its key can be known from `fields` alone."""
        try:
            key = self._settings.kind(kind).key.format_map(fields)
        except KeyError:
            return
        try:
            await self.client.unlink(key)
        except ABSENT as error:
            self._note_failure(kind, error)

    async def _get(self, kind: str, key: str) -> Entry | None:
        try:
            data = await self.client.get(key)
        except ABSENT as error:
            self._note_failure(kind, error)
            self._go_without()
            return None
        self._breaker.succeeded()
        if data is None:
            return None
        try:
            return Entry.unpack(data)
        except ValueError:
            return None

    async def _fill(self, kind: str, rules: Kind, key: str, make: Make) -> bytes:
        started = time.perf_counter()
        body = await make()
        entry = Entry(body, clock.now() + rules.ttl_s, time.perf_counter() - started)
        lifetime_ms = max(1, round((rules.ttl_s + rules.stale_s) * 1000))
        if self._breaker.closed:
            try:
                await self.client.set(key, entry.pack(), px=lifetime_ms)
            except ABSENT as error:
                self._note_failure(kind, error)
        return body

    async def _serve_stale(self, kind: str, rules: Kind, key: str, entry: Entry, make: Make) -> bytes:
        """Without a lock each late request renews, unless the chance of one in ten says otherwise."""
        if random.random() < 0.1:
            self._metrics.miss(kind)
            return await self._fill(kind, rules, key, make)
        self._metrics.stale(kind)
        return entry.body

    async def _fill_locked(self, kind: str, rules: Kind, key: str, entry: Entry | None, make: Make) -> bytes:
        """One request fills the entry; the others take the stale one, or wait for the new one.

        Whoever holds the lock may fail, and leave no entry: then one of those that wait takes its place.
        """
        lock, token = f"lock:{key}", next(self._tokens)
        if not await self._take_lock(kind, lock, token):
            if entry is not None and clock.now() < entry.expires + rules.stale_s:
                self._metrics.stale(kind)
                return entry.body
            self._metrics.lock_wait(kind)
            if (found := await self._wait_for_another(kind, key, lock, token)) is not None:
                self._metrics.hit(kind)
                return found.body
        self._metrics.miss(kind)
        try:
            return await self._fill(kind, rules, key, make)
        finally:
            await self._release_lock(kind, lock, token)

    async def _wait_for_another(self, kind: str, key: str, lock: str, token: bytes) -> Entry | None:
        """What another request has made; None once we hold the lock ourselves, or have waited long enough."""
        deadline = time.monotonic() + self._settings.lock_timeout_ms / 1000
        while time.monotonic() < deadline and self._breaker.closed:
            await asyncio.sleep(POLL_S)
            found = await self._get(kind, key)
            if found is not None and clock.now() < found.expires:
                return found
            if await self._take_lock(kind, lock, token):
                return None
        if not self._breaker.closed:
            self._go_without()
        return None

    async def _take_lock(self, kind: str, lock: str, token: bytes) -> bool:
        """Whether we fill the entry. A cache that cannot say lets everybody fill."""
        if self._breaker.closed:
            try:
                return bool(await self.client.set(lock, token, nx=True, px=self._settings.lock_timeout_ms))
            except ABSENT as error:
                self._note_failure(kind, error)
        self._go_without()
        return True

    async def _release_lock(self, kind: str, lock: str, token: bytes) -> None:
        if not self._breaker.closed:
            return
        try:
            if await self.client.get(lock) == token:
                await self.client.unlink(lock)
        except ABSENT as error:
            self._note_failure(kind, error)

    def _go_without(self) -> None:
        """The cache cannot be asked: others than those that require it go on.

        Raises:
            CacheUnavailableError: it is required.
        """
        if self._settings.required:
            raise CacheUnavailableError

    def _note_failure(self, kind: str, error: Exception) -> None:
        self._metrics.error(kind)
        if self._breaker.failed():
            log.warning("cache left alone", kind=kind, reason=str(error) or type(error).__name__)
