"""The figures of a measurement as people read them: what is shown, in which order, and how two compare."""

import math
from collections.abc import Iterable

from drillyard.assess.measurement import Measurement, MissingReadingError
from drillyard.assess.verdicts import SAME
from drillyard.drill.views import ChangeRow, FigureRow
from drillyard.measure.paired import Interval
from drillyard.measure.reading import TIME_LIKE

HEADLINES: tuple[str, ...] = (
    "requests.success_ratio",
    "requests.rate",
    "latency.p50",
    "latency.p95",
    "latency.p95.*",
    "cache.hit_ratio",
    "cache.hit_ratio.*",
    "valkey.evicted",
    "valkey.memory_share",
    "db.buffers_per_request",
    "db.calls_per_request",
    "db.rows_per_request",
    "db.temp_blocks_per_request",
    "db.connections.max",
    "pool.waiting.max",
    "queue.depth.*",
    "queue.oldest.*",
    "queue.dead",
    "jobs.retries_per_job",
    "processes.count",
    "processes.cpu",
    "processes.memory",
)
"""What `drill measure` shows, in this order; a star stands for every reading that begins so."""


def figures(measurement: Measurement, *, everything: bool = False) -> list[FigureRow]:
    """The rows of a measurement; `everything` gives all readings of the learner's range, by name."""
    known = measurement.learner.all()
    names = list(known) if everything else list(_chosen(known))
    return [_row(measurement, known[name]) for name in names]


def changes(before: Measurement, after: Measurement) -> list[ChangeRow]:
    """How the figures of the learner's range changed from one measurement to another.

    Counters are compared as they are. Seconds are compared as their paired ratio to the twin of the same
    measurement, because the machine may have been slower at one of the two times. The interval is that of a
    ratio of independent values: half widths of the logarithms, added in quadrature.
    """
    old, new = before.learner.all(), after.learner.all()
    return [
        row for name in _chosen(new) if name in old for row in [_change(before, after, old[name], new[name])]
    ]


def _chosen(known: Iterable[str]) -> Iterable[str]:
    names = list(known)
    for pattern in HEADLINES:
        if pattern.endswith("*"):
            yield from (name for name in names if name.startswith(pattern[:-1]))
        elif pattern in names:
            yield pattern


def _row(measurement: Measurement, found: Interval) -> FigureRow:
    twin = measurement.twin.get(found.name)
    ratio = _ratio(measurement, found.name)
    return FigureRow(
        name=found.name,
        unit=found.unit.value,
        value=found.value,
        low=_finite(found.low),
        high=_finite(found.high),
        twin=twin.value if twin else None,
        ratio=ratio.value if ratio else None,
        ratio_low=_finite(ratio.low) if ratio else None,
        ratio_high=_finite(ratio.high) if ratio else None,
        windows=measurement.values(found.name, "learner"),
        source=found.source,
    )


def _ratio(measurement: Measurement, name: str) -> Interval | None:
    try:
        return measurement.ratio(name)
    except MissingReadingError:
        return None


def _change(before: Measurement, after: Measurement, old: Interval, new: Interval) -> ChangeRow:
    if old.unit in TIME_LIKE:
        first, second, basis = _ratio(before, old.name), _ratio(after, new.name), "beside the twin"
    else:
        first, second, basis = old, new, "as counted"
    ratio = _quotient(first, second) if first and second else None
    point, low, high = ratio or (None, None, None)
    return ChangeRow(
        name=old.name,
        unit=old.unit.value,
        before=old.value,
        after=new.value,
        ratio=point,
        ratio_low=low,
        ratio_high=high,
        basis=basis,
        different=low is not None and high is not None and low < high and (high < 1 - SAME or low > 1 + SAME),
    )


def _quotient(first: Interval, second: Interval) -> tuple[float, float, float] | None:
    """`second` / `first` with its interval; None where a logarithm has no meaning.

    Sums and worst cases have no interval: their ratio is shown, and proves no difference.
    """
    if min(first.low, second.low) <= 0 or math.isinf(max(first.high, second.high)):
        return None
    point = second.value / first.value
    half = math.hypot(math.log(first.high / first.low) / 2, math.log(second.high / second.low) / 2)
    return point, point * math.exp(-half), point * math.exp(half)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
