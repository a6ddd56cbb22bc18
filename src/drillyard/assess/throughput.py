"""Sustained throughput: the largest rate at which the latency objective is met and customers are served.

The rate is doubled until a step fails, then the gap is halved (geometrically) until it is small or the steps
are used up. Near its capacity a shop's tail swings from one step to the next (seen: 25 to 519 ms at one
rate), and noise makes a good rate look bad and hardly ever a bad one good: a step that failed is tried again,
three times in all, or twice where it was far off. The answer is a bracket, the largest good rate and the
smallest bad one, and comparisons use both ends; it is no narrower than those swings allow.
"""

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from drillyard.assess.measurement import Capacity
from drillyard.traffic.result import Outcome, TrafficResult

GROWTH = 2.0
NARROW = 1.2
"""The search ends when the bracket's ends are this close."""
TRIES, HOPELESS_TRIES = 3, 2
HOPELESS = 3.0
"""So many times its objective, and a step is hopeless."""
MAX_FAILED = 0.01
"""Share of requests that may fail at a sustained rate."""
DEFAULT_OBJECTIVE_MS = 250.0
RECOVER_S = 0.5
"""A short rest after a step that failed."""

Send = Callable[[float], Awaitable[TrafficResult]]
"""Sends traffic at a rate for one step."""


@dataclass(frozen=True)
class Objective:
    """The promised 95th percentile in ms, by route; "" is for all requests together."""

    by_route: Mapping[str, float] = field(default_factory=lambda: {"": DEFAULT_OBJECTIVE_MS})

    def __str__(self) -> str:
        parts = (
            f"{route or 'every route together'} <= {bound:g} ms" for route, bound in self.by_route.items()
        )
        return f"p95 of {', '.join(parts)}, at most {MAX_FAILED:.0%} failed"

    def met_by(self, result: TrafficResult, *, forgiven_ms: float = 0.0) -> bool:
        """Whether one step kept it, with latencies shorter by `forgiven_ms`. Requests that could not be sent
        any more failed.
        """
        return failed_share(result) <= MAX_FAILED and self._worst(result, forgiven_ms) <= 1

    def hopeless(self, result: TrafficResult) -> bool:
        """Whether a step that failed was so far off that noise cannot have done it."""
        return self._worst(result) > HOPELESS

    def _worst(self, result: TrafficResult, forgiven_ms: float = 0.0) -> float:
        """The largest of the latencies, as a multiple of its bound."""
        return max(
            (
                ((_percentile(result, route) if route else result.percentile(95)) - forgiven_ms) / bound
                for route, bound in self.by_route.items()
            ),
            default=0.0,
        )


def _percentile(result: TrafficResult, route: str) -> float:
    found = result.routes.get(route)
    return found.percentile(95) if found is not None and found.latency_ms.size else 0.0


def _lateness_ms(result: TrafficResult) -> float:
    """What the traffic's own lateness can have added to the latency."""
    return float(np.percentile(result.lateness_ms, 99)) if result.lateness_ms.size else 0.0


def failed_share(result: TrafficResult) -> float:
    """Share of the planned requests that did not end well."""
    planned = max(sum(result.outcomes.values()) + result.unsent_requests, 1)
    return 1 - result.outcomes[Outcome.OK] / planned


async def sustained(send: Send, objective: Objective, *, start: float, most_steps: int) -> Capacity:
    """Search, from `start` requests per second, with at most `most_steps` steps.

    A rate below a tenth of `start` is not looked for: the capacity is then 0. After a step that failed,
    `send` is to return only when nothing is left of it that would burden the next (`RECOVER_S`).
    """
    good, bad, rate = 0.0, math.inf, start
    steps: list[tuple[float, float, float]] = []
    troubles: list[str] = []
    tries = 0
    while len(steps) < most_steps and not _narrow(good, bad) and rate >= start / 10:
        result = await send(rate)
        steps.append((rate, result.percentile(95), failed_share(result)))
        tries += 1
        if objective.met_by(result):
            good, tries = rate, 0
        else:
            if tries < (HOPELESS_TRIES if objective.hopeless(result) else TRIES) and len(steps) < most_steps:
                continue
            if not result.kept_schedule and objective.met_by(result, forgiven_ms=_lateness_ms(result)):
                troubles.append(f"the traffic could not keep its schedule at {rate:.0f}/s")
            bad, tries = rate, 0
        rate = _next(good, bad)
    return Capacity(good, bad, str(objective), tuple(steps), tuple(troubles))


def _narrow(good: float, bad: float) -> bool:
    return good > 0 and bad / good <= NARROW


def _next(good: float, bad: float) -> float:
    if math.isinf(bad):
        return good * GROWTH
    return math.sqrt(good * bad) if good else bad / 2
