"""Latencies for other tools: an HdrHistogram log (the V2 interval log format of HdrHistogram's own readers).

One tagged line for each route and second, values in microseconds; HistogramLogAnalyzer, hdr-plot and every
HdrHistogram library read it (https://github.com/HdrHistogram/HdrHistogram, "HistogramLogWriter").
"""

from pathlib import Path

import numpy as np
from hdrh.histogram import HdrHistogram  # type: ignore[import-untyped]  # the package ships no types
from numpy.typing import NDArray

from drillyard.traffic.result import RouteResult, TrafficResult

LOWEST_US, HIGHEST_US, DIGITS = 1, 3_600_000_000, 3
"""From a microsecond to an hour with three significant digits."""


def export_hdr(result: TrafficResult, path: Path, *, interval_s: float = 1.0) -> None:
    """Write the log; intervals are by planned time. Only what the result keeps exactly is in it."""
    lines = [
        "#[Histogram log format version 1.3]",
        f"#[StartTime: {result.started:.3f} (seconds since epoch)]",
        f"#[BaseTime: {result.started:.3f} (seconds since epoch)]",
        '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
    ]
    timed = [
        (start_s, line) for route in result.routes.values() for start_s, line in _intervals(route, interval_s)
    ]
    lines.extend(line for _, line in sorted(timed))
    path.write_text("\n".join(lines) + "\n")


def _intervals(route: RouteResult, interval_s: float) -> list[tuple[float, str]]:
    numbers = np.floor(route.planned / interval_s).astype(np.int64)
    return [
        (
            number * interval_s,
            _line(route, number * interval_s, interval_s, route.latency_ms[numbers == number]),
        )
        for number in np.unique(numbers).tolist()
    ]


def _line(route: RouteResult, start_s: float, length_s: float, latency_ms: NDArray[np.float64]) -> str:
    histogram = HdrHistogram(LOWEST_US, HIGHEST_US, DIGITS)
    microseconds = np.maximum(np.rint(latency_ms * 1000), LOWEST_US).astype(np.int64)
    values, counts = np.unique(microseconds, return_counts=True)
    for value, count in zip(values.tolist(), counts.tolist(), strict=True):
        histogram.record_value(value, count)
    encoded = histogram.encode().decode("ascii")
    return f"Tag={route.route},{start_s:.3f},{length_s:.3f},{latency_ms.max():.3f},{encoded}"
