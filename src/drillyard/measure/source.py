"""The contract of a source: snapshots at both ends of a window, samples in between, readings out."""

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

from drillyard.base.errors import DrillyardError
from drillyard.measure.reading import Combine, Gap, Reading, Unit, Window
from drillyard.measure.site import Site

PER_REQUEST = "_per_request"
EVERY_S = 0.5
"""How often sources sample inside a window."""


class SourceError(DrillyardError):
    """A source cannot give its readings of this window; the message is the reason that is shown."""


@dataclass(frozen=True)
class Described:
    """A reading that a source gives; `name` may end in `<kind>` where there is one reading for each."""

    name: str
    unit: Unit
    combine: Combine = Combine.MEAN
    per_request: bool = False
    """Whether it also comes as `name_per_request`, over the customer requests of the window."""

    def matches(self, name: str) -> bool:
        """Whether `name` is this reading, or one of them."""
        return re.fullmatch(re.sub(r"<[a-z]+>", ".+", re.escape(self.name)), name) is not None


@dataclass
class Sheet:
    """The readings of one window of one source, as the source writes them down.

    `requests` is the number of customer requests in the window (0 when there was no traffic).
    """

    window: Window
    requests: int
    describes: tuple[Described, ...]
    readings: dict[str, Reading] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)

    def add(self, name: str, value: float, source: str, *, weight: float = 1.0) -> None:
        """Write one reading down, with the unit that it is described with; a value that is no number is left
        out.

        Raises:
            KeyError: the source describes no reading of that name.
        """
        described = self._described(name)
        if not math.isfinite(value):
            return
        self.readings[name] = Reading(
            name, value, described.unit, self.window, source, weight, described.combine
        )
        if described.per_request and self.requests:
            full = name + PER_REQUEST
            self.readings[full] = Reading(
                full,
                value / self.requests,
                per_request_unit(described.unit),
                self.window,
                f"{source}, over the requests of the window",
                float(self.requests),
            )

    def add_ratio(self, name: str, part: float, whole: float, source: str) -> None:
        """Write a share or a mean down, weighted by what it is over; nothing when that is zero."""
        if whole > 0:
            self.add(name, part / whole, source, weight=whole)

    def missing(self, prefix: str, reason: str) -> None:
        """Note that readings whose names start with `prefix` cannot be given, and why."""
        self.gaps.append(Gap(prefix, reason))

    def _described(self, name: str) -> Described:
        for each in self.describes:
            if each.matches(name):
                return each
        raise KeyError(f"{name} is not described by its source")


def per_request_unit(unit: Unit) -> Unit:
    """Counts per request are `/request`; other units stay what they are."""
    return Unit.PER_REQUEST if unit is Unit.COUNT else unit


class Source(ABC):
    """Reads one part of a range over a window.

    The order of calls is `begin` (twice where another was waited for), any number of `sample`, `end`, and
    again; `close` at last. A source must not disturb what it measures: own application name, no writes,
    answers within a second. Each call may raise `SourceError`, or the error of the client it uses; the watch
    notes the gap and goes on with the others.
    """

    name: str
    describes: tuple[Described, ...]

    def __init__(self, site: Site) -> None:
        self.site = site

    @abstractmethod
    async def begin(self) -> None:
        """Take the snapshot at the start of a window."""

    async def sample(self) -> None:
        """Look once inside a window; by default there is nothing to look at."""
        return

    @abstractmethod
    async def end(self, sheet: Sheet) -> None:
        """Take the snapshot at the end of the window and write the readings down."""

    async def close(self) -> None:
        """Give back connections."""
        return


def deltas(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """What counters grew by. A counter that is new counts from zero.

    Raises:
        SourceError: a counter went back: it was reset inside the window.
    """
    grown = {name: value - before.get(name, 0.0) for name, value in after.items()}
    for name, value in grown.items():
        if value < 0:
            raise SourceError(f"{name} went back inside the window: it was reset or its process restarted")
    return grown
