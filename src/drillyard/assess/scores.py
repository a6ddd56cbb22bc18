"""How far the learner came between the untouched twin (0) and par (1), reading by reading."""

import math
from dataclasses import dataclass

from drillyard.assess.measurement import Measurement, MissingReadingError

SCORED = (
    "latency.p95",
    "latency.p50",
    "db.buffers_per_request",
    "db.calls_per_request",
    "processes.cpu_per_request",
    "cache.hit_ratio",
)


@dataclass(frozen=True)
class Score:
    """One reading of the three subjects; `share` is 0 at the twin and 1 at par, and may lie outside.

    On a logarithmic scale, because these readings differ by factors. None where twin and par hardly differ.
    """

    name: str
    unit: str
    learner: float | None
    twin: float | None
    par: float | None
    share: float | None


def scores(m: Measurement) -> tuple[Score, ...]:
    """The readings that were measured for all three subjects, sustained throughput first."""
    found = []
    if {"learner", "twin", "par"} <= m.capacities.keys():
        ours, twins, pars = (m.capacities[name].rate for name in ("learner", "twin", "par"))
        found.append(Score("throughput", "/s", ours, twins, pars, _share(ours, twins, pars)))
    for name in SCORED:
        try:
            learner, twin, par = (side[name] for side in (m.learner, m.twin, m.par))
        except MissingReadingError:
            continue
        share = _share(learner.value, twin.value, par.value)
        found.append(Score(name, learner.unit.value, learner.value, twin.value, par.value, share))
    return tuple(found)


def _share(learner: float, twin: float, par: float) -> float | None:
    if min(learner, twin, par) <= 0 or abs(math.log(par / twin)) < math.log(1.1):
        return None
    return math.log(learner / twin) / math.log(par / twin)
