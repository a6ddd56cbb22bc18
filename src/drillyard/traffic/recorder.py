"""Keeps what came back: exact latencies per route, in segments so that memory stays bounded in long runs."""

from array import array
from collections import Counter, deque
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from drillyard.traffic.live import LiveSummary
from drillyard.traffic.result import Outcome, RouteResult

MAX_COMPLAINTS = 5
SEGMENTS = 8
"""A bounded recorder drops the oldest of about so many segments at a time."""
_OUTCOMES = tuple(Outcome)


class _Columns(NamedTuple):
    """One route's requests in one segment, column by column."""

    planned: "array[float]"
    latency_ms: "array[float]"
    codes: "array[int]"
    staleness_s: "array[float]"

    @classmethod
    def empty(cls) -> "_Columns":
        return cls(array("d"), array("d"), array("B"), array("d"))


class Recorder:
    """Counts everything; keeps exact figures of at least the last `keep_s` seconds (None: of the whole run).

    Outcomes are given as codes (see `result.CODES`); 0 is OK.
    """

    def __init__(self, keep_s: float | None) -> None:
        self._segment_s = keep_s / (SEGMENTS - 1) if keep_s is not None else float("inf")
        self._segment_end = self._segment_s
        self._old: deque[tuple[dict[str, _Columns], array[float]]] = deque(maxlen=SEGMENTS - 1)
        self._now: dict[str, _Columns] = {}
        self._lateness: array[float] = array("d")
        self._counts: dict[str, list[int]] = {}
        self._complaints: dict[str, list[str]] = {}
        self.sent = 0
        self._second = _Second()

    def attempted(self, late_s: float) -> None:
        """A request was sent, or tried to be, `late_s` after its planned time."""
        self.sent += 1
        self._lateness.append(late_s * 1000)
        self._second.lateness.append(late_s * 1000)

    def finished(self, route: str, planned: float, latency_s: float, code: int) -> None:
        """A request ended."""
        columns = self._now.get(route)
        if columns is None:
            columns = self._add(route)
        columns.planned.append(planned)
        columns.latency_ms.append(latency_s * 1000)
        columns.codes.append(code)
        self._counts[route][code] += 1
        second = self._second
        second.latency.append(latency_s * 1000)
        second.codes[code] += 1

    def stale(self, route: str, age_s: float) -> None:
        """An answer's price was `age_s` old."""
        columns = self._now.get(route)
        if columns is None:
            columns = self._add(route)
        columns.staleness_s.append(age_s)

    def complain(self, route: str, reason: str) -> None:
        """Remember why an answer was not OK; only the first few."""
        kept = self._complaints.setdefault(route, [])
        if len(kept) < MAX_COMPLAINTS and reason not in kept:
            kept.append(reason)

    def _add(self, route: str) -> _Columns:
        self._counts.setdefault(route, [0] * len(_OUTCOMES))
        return self._now.setdefault(route, _Columns.empty())

    def summary(self, at: float, elapsed_s: float, *, in_flight: int, held: int) -> LiveSummary:
        """The figures since the last summary; also rotates what is kept."""
        second, self._second = self._second, _Second()
        if elapsed_s >= self._segment_end:
            self._segment_end = elapsed_s + self._segment_s
            self._old.append((self._now, self._lateness))
            self._now, self._lateness = {}, array("d")
        latency = np.frombuffer(second.latency)
        lateness = np.frombuffer(second.lateness)
        p50, p95 = np.percentile(latency, (50, 95)) if latency.size else (None, None)
        return LiveSummary(
            at=at,
            elapsed_s=round(elapsed_s, 3),
            sent=len(second.lateness),
            ok=second.codes[0],
            wrong=second.codes[1],
            refused=second.codes[2],
            indeterminate=second.codes[3],
            p50_ms=None if p50 is None else round(float(p50), 3),
            p95_ms=None if p95 is None else round(float(p95), 3),
            lateness_p99_ms=round(float(np.percentile(lateness, 99)), 3) if lateness.size else 0.0,
            in_flight=in_flight,
            held=held,
        )

    def routes(self) -> dict[str, RouteResult]:
        """Everything kept, route by route."""
        segments = [segment for segment, _ in self._old] + [self._now]
        return {route: self._route(route, segments) for route in sorted(self._counts)}

    def _route(self, route: str, segments: list[dict[str, _Columns]]) -> RouteResult:
        parts = [segment[route] for segment in segments if route in segment]
        counts = zip(_OUTCOMES, self._counts[route], strict=True)
        return RouteResult(
            route=route,
            planned=_joined([part.planned for part in parts]),
            latency_ms=_joined([part.latency_ms for part in parts]),
            codes=_joined([part.codes for part in parts], np.uint8),
            staleness_s=_joined([part.staleness_s for part in parts]),
            outcomes=Counter({outcome: count for outcome, count in counts if count}),
            complaints=tuple(self._complaints.get(route, ())),
        )

    def lateness_ms(self) -> NDArray[np.float64]:
        """Lateness of everything kept, in the order of sending."""
        return _joined([lateness for _, lateness in self._old] + [self._lateness])


class _Second:
    """What happened since the last summary."""

    def __init__(self) -> None:
        self.latency: array[float] = array("d")
        self.lateness: array[float] = array("d")
        self.codes = [0] * len(_OUTCOMES)


def _joined(parts: "list[array[float]] | list[array[int]]", kind: type = np.float64) -> NDArray[Any]:
    return np.concatenate([np.frombuffer(part, kind) for part in parts if len(part)] or [np.empty(0, kind)])
