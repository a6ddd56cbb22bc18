"""Chaos switches: delays and errors that an administrator turns on at run time, per route. Off by default.

The rules live in Valkey under `KEY`, so that one `PUT /api/admin/chaos` reaches every replica: each follows
the key and takes a change within `FOLLOW_S` seconds. Health, metrics and the switches are never touched.
"""

import asyncio
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import translate
from typing import Annotated, Protocol

from pydantic import Field, ValidationError

from storefront.logs import get_logger
from storefront.settings.observability import ChaosStart
from storefront.settings.section import Section, setting

KEY = "shop:chaos"
FOLLOW_S = 1.0
EXEMPT = ("/healthz", "/readyz", "/metrics", "/api/admin/chaos")

log = get_logger(__name__)


class ChaosRule(Section):
    """One fault for the routes that `route` matches. The first rule that matches a path counts."""

    route: str = setting(
        "/api/*", "A path in which * stands for anything, such as /api/products/*.", pattern=r"^/.{0,199}$"
    )
    delay_ms: int = setting(0, "Milliseconds by which each request is delayed.", ge=0, le=600_000)
    jitter_ms: int = setting(0, "Up to so many milliseconds more, at random.", ge=0, le=600_000)
    error_ratio: float = setting(0.0, "Share of requests that are answered with `status`.", ge=0, le=1)
    status: int = setting(503, "HTTP status of such an answer.", ge=500, le=599)


class ChaosRules(Section):
    """All rules, in order; none means off."""

    rules: Annotated[tuple[ChaosRule, ...], Field(max_length=50)] = setting((), "The rules, in order.")


class ChaosRefusedError(Exception):
    """The switches are locked by the settings, or a delay is above the limit."""


@dataclass(frozen=True)
class Injection:
    """What happens to one request: it waits `delay_s`, then gets `status` (0: goes on as usual)."""

    delay_s: float
    status: int


class ChaosSwitches:
    """The rules in force in this process. `active` is False when there are none: the fast path."""

    def __init__(self, settings: ChaosStart) -> None:
        self._settings = settings
        self._rules = ChaosRules()
        self._compiled: tuple[tuple[re.Pattern[str], ChaosRule], ...] = ()
        self.active = False

    @property
    def rules(self) -> ChaosRules:
        """The rules in force."""
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
        if not rules.rules:
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
        self._compiled = tuple((re.compile(translate(rule.route)), rule) for rule in rules.rules)
        self._rules = rules
        self.active = bool(rules.rules)

    def injection(self, path: str) -> Injection | None:
        """What happens to a request for `path`; None when no rule matches."""
        if path in EXEMPT:
            return None
        for pattern, rule in self._compiled:
            if pattern.match(path):
                delay_ms = rule.delay_ms + (random.uniform(0, rule.jitter_ms) if rule.jitter_ms else 0)
                failed = rule.error_ratio > 0 and random.random() < rule.error_ratio
                return Injection(delay_ms / 1000, rule.status if failed else 0)
        return None


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
    if rules.rules:
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
                log.warning("chaos changed", rules=switches.rules.model_dump()["rules"])
        except (ChaosRefusedError, ValidationError) as error:
            log.warning("chaos refused", reason=str(error))
        except tuple(absent) as error:
            log.debug("chaos not followed", reason=str(error))
        await asyncio.sleep(FOLLOW_S)
