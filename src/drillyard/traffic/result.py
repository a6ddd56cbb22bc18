"""What came back: totals, exact latencies and the honesty of the generator itself."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


class Outcome(StrEnum):
    """How one request ended, as the customer saw it."""

    OK = "ok"
    WRONG = "wrong"
    """A good status with the wrong content."""
    REFUSED = "refused"
    """A definite no: 4xx, 5xx with the shop's own error body, connection refused."""
    INDETERMINATE = "indeterminate"
    """Sent, and no answer that says whether it was done: timeout, reset, cut body."""


@dataclass(frozen=True)
class RouteResult:
    """One route's requests.

    `planned` and `latency_ms` run in parallel, one entry a request: the planned time (seconds since the start of
    the run) and the latency in milliseconds counted *from the planned time*, so that a stall shows in full.
    """

    route: str
    planned: NDArray[np.float64]
    latency_ms: NDArray[np.float64]
    outcomes: Counter[Outcome] = field(default_factory=Counter)

    def percentile(self, q: float) -> float:
        """The exact q-th percentile (0-100) of the latency in milliseconds; NaN when there was no request."""
        return float(np.percentile(self.latency_ms, q)) if self.latency_ms.size else float("nan")


@dataclass(frozen=True)
class TrafficResult:
    """One run: `started` and `ended` are seconds since the epoch; `lateness_ms` is how late each request left
    compared with its planned time, `kept_schedule` whether that stayed inside the bound that the module
    `drillyard.traffic.engine` documents. A run that did not keep its schedule can prove nothing.
    """

    started: float
    ended: float
    planned_requests: int
    sent_requests: int
    routes: dict[str, RouteResult]
    lateness_ms: NDArray[np.float64]
    kept_schedule: bool
    stopped_early: bool = False

    @property
    def outcomes(self) -> Counter[Outcome]:
        """Outcomes over all routes."""
        return sum((route.outcomes for route in self.routes.values()), Counter())
