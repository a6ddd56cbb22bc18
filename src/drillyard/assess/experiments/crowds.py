"""How many customers there were before a fault and while it was on: another crowd moves much by itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from drillyard.assess.experiments.looks import (
    ALIKE_CROWD,
    came,
    length_of,
    looks_before,
    looks_within,
)
from drillyard.assess.experiments.runs import Experiments, Injected, Observed

FEW = 3
"""The median of fewer looks is any of them."""


@dataclass(frozen=True)
class Crowd:
    """Requests a second before a fault and while it was on; None where nobody counted them."""

    before: float | None
    during: float | None

    @property
    def grew(self) -> bool:
        """Whether far more came than before."""
        if self.before is None or self.during is None:
            return False
        return self.during > ALIKE_CROWD * self.before

    @property
    def shrank(self) -> bool:
        """Whether far fewer came than before."""
        if self.before is None or self.during is None:
            return False
        return self.before > ALIKE_CROWD * self.during

    @property
    def is_first(self) -> bool:
        """Whether nobody had come before."""
        return self.grew and not self.before


def crowd_at(fault: Injected, known: Experiments) -> Crowd:
    """Customers before a fault: the middle of many looks, the most of few (they may be on their way still).
    And while it was on: all of them together, for those who hang are answered in a burst.
    """
    before = [rate for _, rate in _rates(looks_before(fault, known))]
    during = list(_rates(looks_within(fault, known)))
    seconds = sum(length for length, _ in during)
    return Crowd(
        (median(before) if len(before) >= FEW else max(before)) if before else None,
        sum(length * rate for length, rate in during) / seconds if seconds else None,
    )


def _rates(looks: Iterable[Observed]) -> Iterable[tuple[float, float]]:
    """Seconds of each look, and requests a second in it."""
    for seen in looks:
        if (number := came(seen)) is not None:
            yield length_of(seen), number / length_of(seen)
