"""Chaos switches that an administrator turns on at run time. Off by default.

Per route and replica: delays, errors, CPU time burnt, memory kept; per replica: a clock that is wrong.

The rules live in Valkey under `KEY`, so that one `PUT /api/admin/chaos` reaches every replica: each follows
the key and takes a change within `FOLLOW_S` seconds. Health, metrics and the switches are never touched.
"""

import asyncio
import mmap
import random
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import translate
from typing import Annotated, Protocol

from pydantic import Field, ValidationError

from storefront import clock
from storefront.logs import get_logger
from storefront.settings.observability import ChaosStart
from storefront.settings.section import Section, setting

KEY = "shop:chaos"
FOLLOW_S = 1.0
EXEMPT = ("/healthz", "/readyz", "/metrics", "/api/admin/chaos")

log = get_logger(__name__)


MOST_KEPT_BYTES = 256 * 1024 * 1024
"""What a leak may hold in one process."""

Replicas = Annotated[tuple[str, ...], Field(max_length=50)]


class ChaosRule(Section):
    """One fault for the routes that `route` matches. The first rule that matches a path counts."""

    replicas: Replicas = setting((), "Names of the processes that it is for; none: all.")
    route: str = setting(
        "/api/*", "A path in which * stands for anything, such as /api/products/*.", pattern=r"^/.{0,199}$"
    )
    delay_ms: int = setting(0, "Milliseconds by which each request is delayed.", ge=0, le=600_000)
    jitter_ms: int = setting(0, "Up to so many milliseconds more, at random.", ge=0, le=600_000)
    error_ratio: float = setting(0.0, "Share of requests that are answered with `status`.", ge=0, le=1)
    status: int = setting(503, "HTTP status of such an answer.", ge=500, le=599)
    burn_ms: int = setting(
        0, "Milliseconds of CPU that each request burns; the process does nothing else.", ge=0, le=10_000
    )
    leak_kb: int = setting(0, "kB that each request leaves behind, until the rules change.", ge=0, le=10_240)


class WrongClock(Section):
    """Replicas that take it for later, or earlier, than it is."""

    replicas: Replicas = setting((), "Names of the processes that it is for; none: all.")
    skew_s: float = setting(0.0, "Seconds that their clock is ahead (behind: negative).", ge=-1e7, le=1e7)


class ChaosRules(Section):
    """All rules, in order; none means off."""

    rules: Annotated[tuple[ChaosRule, ...], Field(max_length=50)] = setting((), "The rules, in order.")
    clocks: Annotated[tuple[WrongClock, ...], Field(max_length=50)] = setting((), "Clocks that are wrong.")

    def __bool__(self) -> bool:
        """Whether anything is switched on."""
        return bool(self.rules or self.clocks)

    def of(self, process: str) -> "ChaosRules":
        """Those that are for one process."""
        return ChaosRules(
            rules=tuple(rule for rule in self.rules if not rule.replicas or process in rule.replicas),
            clocks=tuple(each for each in self.clocks if not each.replicas or process in each.replicas),
        )


class ChaosRefusedError(Exception):
    """The switches are locked by the settings, or a delay is above the limit."""


@dataclass(frozen=True)
class Injection:
    """What happens to one request: it waits `delay_s`, burns `burn_s` of CPU, then gets `status` (0: goes on
    as usual).
    """

    delay_s: float
    status: int
    burn_s: float = 0.0


class ChaosSwitches:
    """The rules in force in this process. `active` is False when there are none: the fast path."""

    def __init__(self, settings: ChaosStart, process: str) -> None:
        self._settings = settings
        self._process = process
        self._rules = ChaosRules()
        self._kept: list[mmap.mmap] = []
        self._kept_bytes = 0
        self._compiled: tuple[tuple[re.Pattern[str], ChaosRule], ...] = ()
        self.active = False

    @property
    def rules(self) -> ChaosRules:
        """The rules in force, those for other processes too."""
        return self._rules

    def configure(self, settings: ChaosStart) -> None:
        """Take changed settings; rules that they forbid are switched off."""
        self._settings = settings
        try:
            self.check(self._rules)
        except ChaosRefusedError:
            self.apply(ChaosRules())

    def check(self, rules: ChaosRules) -> None:
        """Say whether these rules may be put in force.

        Raises:
            ChaosRefusedError: `[observability.chaos]` does not allow it.
        """
        if not rules:
            return
        if not self._settings.allowed:
            raise ChaosRefusedError("chaos is locked: set allowed = true in [observability.chaos]")
        limit = self._settings.max_delay_ms
        if any(rule.delay_ms + rule.jitter_ms > limit for rule in rules.rules):
            raise ChaosRefusedError(f"a delay is above max_delay_ms ({limit}) of [observability.chaos]")

    def apply(self, rules: ChaosRules) -> None:
        """Put these rules in force in this process.

        Raises:
            ChaosRefusedError: `[observability.chaos]` does not allow it.
        """
        self.check(rules)
        own = rules.of(self._process)
        self._compiled = tuple((re.compile(translate(rule.route)), rule) for rule in own.rules)
        self._rules = rules
        for block in self._kept:
            block.close()
        self._kept.clear()
        self._kept_bytes = 0
        clock.skew(sum(each.skew_s for each in own.clocks))
        self.active = bool(own.rules)

    def injection(self, path: str) -> Injection | None:
        """What happens to a request for `path`; None when no rule matches."""
        if path in EXEMPT:
            return None
        for pattern, rule in self._compiled:
            if pattern.match(path):
                delay_ms = rule.delay_ms + (random.uniform(0, rule.jitter_ms) if rule.jitter_ms else 0)
                failed = rule.error_ratio > 0 and random.random() < rule.error_ratio
                self._leak(rule.leak_kb * 1024)
                return Injection(delay_ms / 1000, rule.status if failed else 0, rule.burn_ms / 1000)
        return None

    def _leak(self, size: int) -> None:
        if size and self._kept_bytes + size <= MOST_KEPT_BYTES:
            block = mmap.mmap(-1, size)  # the allocator would keep it for itself when it is given back
            block.write(b"\1" * size)
            self._kept.append(block)
            self._kept_bytes += size


def burn(seconds: float) -> None:
    """Spend so much CPU time of this thread on nothing."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


class KeyStore(Protocol):
    """What is needed of Valkey's asynchronous client."""

    async def get(self, name: str, /) -> bytes | str | None:
        """The value of a key."""

    async def set(self, name: str, value: str, /) -> object:
        """Set a key."""

    async def delete(self, name: str, /) -> object:
        """Remove a key."""


async def publish(store: KeyStore, rules: ChaosRules) -> None:
    """Tell every replica; none of the rules is checked here. Errors of the store are the caller's."""
    if rules:
        await store.set(KEY, rules.model_dump_json())
    else:
        await store.delete(KEY)


async def follow(
    switches: ChaosSwitches, store: KeyStore, absent: Sequence[type[Exception]] = (OSError,)
) -> None:
    """Keep `switches` as the store says, until cancelled.

    While the store cannot be reached (an exception of `absent`), the rules stay as they are.
    """
    seen: bytes | str | None = None
    while True:
        try:
            value = await store.get(KEY)
            if value != seen:
                seen = value
                switches.apply(ChaosRules.model_validate_json(value) if value else ChaosRules())
                log.warning("chaos changed", **switches.rules.model_dump())
        except (ChaosRefusedError, ValidationError) as error:
            log.warning("chaos refused", reason=str(error))
        except tuple(absent) as error:
            log.debug("chaos not followed", reason=str(error))
        await asyncio.sleep(FOLLOW_S)
