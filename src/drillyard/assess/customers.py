"""What customers saw, as readings: from the traffic process's exact latencies and outcomes.

Names: `latency.p50|p95|p99[.<route>]` in ms from the planned time, `requests.success_ratio[.<route>]`,
`requests.wrong`, `requests.rate`, `requests.lateness_p99`, `promise.price_age_max` (what pages said of
themselves).
"""

from collections.abc import Sequence

import numpy as np

from drillyard.measure.reading import Combine, Reading, Unit, Window
from drillyard.measure.source import Described
from drillyard.traffic.result import Outcome, RouteResult, TrafficResult

PERCENTILES = (50, 95, 99)
DESCRIBES = (
    *(Described(f"latency.p{rank}", Unit.MILLISECONDS) for rank in PERCENTILES),
    *(Described(f"latency.p{rank}.<route>", Unit.MILLISECONDS) for rank in PERCENTILES),
    Described("requests.success_ratio", Unit.RATIO),
    Described("requests.success_ratio.<route>", Unit.RATIO),
    Described("requests.count", Unit.COUNT, Combine.SUM),
    Described("requests.count.<route>", Unit.COUNT, Combine.SUM),
    Described("requests.wrong", Unit.COUNT, Combine.SUM),
    Described("requests.refused", Unit.COUNT, Combine.SUM),
    Described("requests.indeterminate", Unit.COUNT, Combine.SUM),
    Described("requests.unsent", Unit.COUNT, Combine.SUM),
    Described("requests.rate", Unit.PER_SECOND),
    Described("requests.lateness_p99", Unit.MILLISECONDS),
    Described("promise.price_age_max", Unit.SECONDS, Combine.MAX),
)
_SOURCE = "drill traffic, latency counted from the planned time"
_SAID = "price_as_of in the answers that customers got"


def readings_of(result: TrafficResult) -> dict[str, Reading]:
    """All readings that one run of traffic gives."""
    window = Window(result.started, result.ended)
    found: list[Reading] = []
    for name, route in result.routes.items():
        found += _latencies(route, f".{name}", window)
        found += _success(route, f".{name}", window)
    whole = _whole(result)
    found += [*_latencies(whole, "", window), *_success(whole, "", window)]
    ages = [route.staleness_s for route in result.routes.values() if route.staleness_s.size]
    if ages:
        oldest = float(np.concatenate(ages).max())
        found.append(
            Reading("promise.price_age_max", oldest, Unit.SECONDS, window, _SAID, combine=Combine.MAX)
        )
    outcomes = result.outcomes
    length_s = max(window.length_s, 1e-9)
    found += [
        _count("requests.wrong", outcomes[Outcome.WRONG], window),
        _count("requests.refused", outcomes[Outcome.REFUSED], window),
        _count("requests.indeterminate", outcomes[Outcome.INDETERMINATE], window),
        _count("requests.unsent", result.unsent_requests, window),
        Reading("requests.rate", outcomes[Outcome.OK] / length_s, Unit.PER_SECOND, window, _SOURCE),
    ]
    if result.lateness_ms.size:
        late = float(np.percentile(result.lateness_ms, 99))
        found.append(
            Reading("requests.lateness_p99", late, Unit.MILLISECONDS, window, "drill traffic, own clock")
        )
    return {reading.name: reading for reading in found}


def pooled_percentile(name: str, results: Sequence[TrafficResult]) -> float | None:
    """The exact percentile that `name` (`latency.p95.search`) asks for over all runs; None when it is not
    one.
    """
    kind, _, rest = name.partition(".")
    rank, _, route = rest.partition(".")
    if kind != "latency" or not rank.startswith("p") or not rank[1:].isdigit() or not results:
        return None
    chosen = [r for result in results for r in result.routes.values() if not route or r.route == route]
    latencies = np.concatenate([r.latency_ms for r in chosen]) if chosen else np.empty(0)
    return float(np.percentile(latencies, float(rank[1:]))) if latencies.size else None


def _whole(result: TrafficResult) -> RouteResult:
    routes = list(result.routes.values())
    if not routes:
        return RouteResult("", np.empty(0), np.empty(0))
    return RouteResult(
        "",
        np.concatenate([r.planned for r in routes]),
        np.concatenate([r.latency_ms for r in routes]),
        result.outcomes,
    )


def _latencies(route: RouteResult, suffix: str, window: Window) -> list[Reading]:
    if not route.latency_ms.size:
        return []
    return [
        Reading(
            f"latency.p{rank}{suffix}",
            route.percentile(rank),
            Unit.MILLISECONDS,
            window,
            _SOURCE,
            weight=float(route.latency_ms.size),
        )
        for rank in PERCENTILES
    ]


def _success(route: RouteResult, suffix: str, window: Window) -> list[Reading]:
    total = sum(route.outcomes.values())
    if not total:
        return []
    share = route.outcomes[Outcome.OK] / total
    return [
        Reading(f"requests.success_ratio{suffix}", share, Unit.RATIO, window, _SOURCE, weight=float(total)),
        Reading(f"requests.count{suffix}", float(total), Unit.COUNT, window, _SOURCE, combine=Combine.SUM),
    ]


def _count(name: str, value: int, window: Window) -> Reading:
    return Reading(name, float(value), Unit.COUNT, window, _SOURCE, combine=Combine.SUM)
