"""What came of trials: flaws that do nothing by themselves, brought to light by faults (`drill/trials.py`).

A trial puts the faults that a flaw names into the learner's range and into the twin, one after the other and
under the same load. Its readings are findings of the measurement: `trial.<flaw>.<reading>` of each subject.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from drillyard.measure.reading import Gap, Reading

PREFIX = "trial."
BESIDE = (
    "requests.success_ratio",
    "latency.p95",
    "ledger.incomplete",
    "queue.dead",
)
"""Of every trial these are kept beside what the flaw moves."""


@dataclass
class Tried:
    """Findings of trials, by subject."""

    readings: dict[str, list[Reading]] = field(default_factory=dict)
    gaps: dict[str, list[Gap]] = field(default_factory=dict)
    spans: list[tuple[float, float]] = field(default_factory=list)
    """When they were held on the learner's range, in seconds since the epoch."""

    def saw(self, subject: str, flaw: str, found: Mapping[str, Reading], moves: str) -> None:
        """What one trial gave on one subject; of `found`, what counts is kept."""
        for name in dict.fromkeys((moves, *BESIDE)):
            if name in found:
                kept = replace(found[name], name=f"{PREFIX}{flaw}.{name}")
                self.readings.setdefault(subject, []).append(kept)

    def missed(self, subject: str, flaw: str, why: str) -> None:
        """One could not be held there, or something of it not be read."""
        self.gaps.setdefault(subject, []).append(Gap(f"{PREFIX}{flaw}.", why))
