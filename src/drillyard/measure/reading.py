"""A reading: one measured value with its unit, window and source."""

from dataclasses import dataclass
from enum import StrEnum


class Unit(StrEnum):
    """Units of readings, as they are shown."""

    COUNT = ""
    RATIO = "ratio"
    PER_SECOND = "/s"
    PER_REQUEST = "/request"
    MILLISECONDS = "ms"
    SECONDS = "s"
    BYTES = "B"
    CORES = "cores"
    CPU_MILLISECONDS = "ms CPU"


TIME_LIKE = frozenset({Unit.PER_SECOND, Unit.MILLISECONDS, Unit.SECONDS})
"""Units that a busy machine changes; the others are counters, which it does not. CPU time is a counter."""


class Combine(StrEnum):
    """How readings of several windows become one."""

    MEAN = "mean"
    """The mean, each window weighted by its reading's `weight`: a hit ratio by its look-ups."""
    SUM = "sum"
    MAX = "max"
    LAST = "last"


@dataclass(frozen=True)
class Window:
    """A span of time in which something was measured; seconds since the epoch."""

    start: float
    end: float

    @property
    def length_s(self) -> float:
        """Length in seconds."""
        return self.end - self.start


@dataclass(frozen=True)
class Reading:
    """One measured value.

    `name` is dotted and stable (`cache.hit_ratio.product`, `latency.p95.search`, `db.buffers_per_request`);
    `source` is the query, file or endpoint that gave it, as a reader could repeat it. `weight` is what the
    value is a mean over (the look-ups of a hit ratio, the requests of a per-request figure): windows are
    combined by it.
    """

    name: str
    value: float
    unit: Unit
    window: Window
    source: str
    weight: float = 1.0
    combine: Combine = Combine.MEAN


@dataclass(frozen=True)
class Gap:
    """Readings that a source could not give, and why. `prefix` is the start of their names ("" for all)."""

    prefix: str
    reason: str

    def covers(self, name: str) -> bool:
        """Whether the reading `name` is one of those."""
        return name.startswith(self.prefix)
