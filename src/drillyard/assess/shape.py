"""How long a measurement takes: its windows, and the bound that is promised for it.

`quick` decides the checks of one task, `all` those of every task (all three subjects), `measure` shows the
learner where they stand, `full` is the submission.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from drillyard.measure.paired import MIN_PAIRS

TURN_S = 0.9
"""Seconds between two windows: ending one, starting the traffic of the next, snapshots (measured: 0.6 to
0.9).
"""
START_S = 3.0
"""Seconds until a subject that does not run yet is there."""
LEAST_TURNS = 2
"""Where one subject is measured alone, it rests as long as another would have its turn: probes need that."""
SHORTEST_S = 1.0
"""No window is shorter: fewer requests say nothing."""


@dataclass(frozen=True)
class Shape:
    """Rounds of one window a subject, in seconds. `limit_s` is what the whole may take at most.

    Rounds with a window that proves nothing are made up for while time is left (`spare_rounds` at most); on a
    slow machine, rounds beyond the fewest that give an interval are left out instead.
    """

    kind: str
    rounds: int
    window_s: float
    warm_s: float
    limit_s: float
    step_s: float = 0.0
    """Length of one step of the search for sustained throughput; 0: not searched for."""
    steps: int = 0
    """Most steps for one subject."""
    spare_rounds: int = 3
    least_rounds: int = MIN_PAIRS
    """Rounds that are not left out on a slow machine."""
    patience_s: float = 10.0
    """How long a customer waits for an answer: so much a saturated shop makes every window longer."""

    def fitted(self, subjects: int, *, reserve_s: float = 0.0, spent_s: float = 0.0) -> "Shape":
        """The same with windows short enough that so many subjects fit into the limit, with their start.

        `spent_s` of the limit are over already; that the subjects run already makes no window longer, or
        measurements would differ. Windows are at least `SHORTEST_S` long; rounds come down to the fewest that
        give an interval before windows do.
        """
        subjects = max(subjects, LEAST_TURNS)
        rounds = self.rounds if subjects < 3 or self.kind != QUICK.kind else self.least_rounds
        over_s = max(spent_s, START_S * (subjects - 1))
        budget_s = (self.limit_s - reserve_s - over_s) / max(subjects, 1)
        window_s = (budget_s - self.warm_s - TURN_S) / rounds - TURN_S
        return replace(self, rounds=rounds, window_s=min(self.window_s, max(SHORTEST_S, window_s)))

    def seconds(self, subjects: int) -> float:
        """How long it takes with so many subjects, from the first warm-up to the last reading."""
        subjects = max(subjects, LEAST_TURNS)
        windows = subjects * (self.warm_s + TURN_S + self.rounds * (self.window_s + TURN_S))
        capacity = subjects * self.steps * (self.step_s + TURN_S) if self.step_s else 0.0
        return windows + capacity + 2.0

    def covering(self, seconds: float, subjects: int) -> "Shape":
        """The same with so many rounds that windows of one subject span `seconds`, however short they get."""
        needed = 1 + math.ceil(seconds / (subjects * (SHORTEST_S + TURN_S))) if seconds else 0
        longer_s = max(0, needed - self.least_rounds) * subjects * (self.window_s + TURN_S)
        return replace(
            self,
            rounds=max(self.rounds, needed),
            least_rounds=max(self.least_rounds, needed),
            limit_s=self.limit_s + longer_s,
        )

    def throughput_only_with(self, wanted: bool) -> "Shape":
        """The same without the search for sustained throughput, unless it is wanted."""
        return self if wanted else replace(self, step_s=0.0, steps=0)


QUICK = Shape("quick", rounds=5, window_s=2.2, warm_s=2.5, limit_s=45, patience_s=5)
ALL = Shape("all", rounds=5, window_s=2.2, warm_s=2.5, limit_s=120, patience_s=5)
MEASURE = Shape("measure", rounds=4, window_s=1.8, warm_s=1.5, limit_s=30, patience_s=5)
FULL = Shape("full", rounds=6, window_s=4.0, warm_s=5.0, limit_s=360, step_s=3.0, steps=14)
SHAPES: Mapping[str, Shape] = {shape.kind: shape for shape in (QUICK, ALL, MEASURE, FULL)}


@dataclass(frozen=True)
class Load:
    """The traffic of windows. `objectives_ms` is the promised 95th percentile by route ("" for all
    together).
    """

    rate: float
    mix: Mapping[str, float]
    objectives_ms: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0
    products: int = 50_000
    customers: int = 20_000
