"""A measurement: what alternating windows over the subjects gave. Immutable; kept by `assess/kept.py`.

    m.learner["cache.hit_ratio.product"].value           one reading over all windows, with its interval
    m.ratio("latency.p95.search", "learner", "twin")     the paired ratio over the rounds, with its interval
    m.values("db.buffers_per_request", "twin")           window by window

A reading that is not there raises `MissingReadingError` with the reason; the judge makes *inconclusive* of
it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from drillyard.assess.customers import pooled_percentile
from drillyard.assess.experiments.runs import Experiments
from drillyard.assess.recoveries import Recovery
from drillyard.base.errors import DrillyardError
from drillyard.measure.paired import MIN_PAIRS, Interval, paired_ratio, weighted_mean
from drillyard.measure.reading import TIME_LIKE, Combine, Gap, Reading, Unit, Window
from drillyard.traffic.result import TrafficResult


class Subject(StrEnum):
    """The ranges that are measured side by side."""

    LEARNER = "learner"
    TWIN = "twin"
    PAR = "par"


SERVED = 0.99
"""At least this share of requests gets the right answer: the shop's own availability objective."""
THROUGHPUT = "throughput"
"""The gap of a subject whose sustained throughput was not found says why under this name."""


class MissingReadingError(DrillyardError):
    """A reading was asked for that the measurement does not hold, or cannot vouch for."""


@dataclass(frozen=True)
class LoadWindow:
    """One window of load on one subject: what its customers saw, what its sources gave.

    `troubles` says why this window's seconds prove nothing (a starved machine, a generator behind its
    schedule); its counters still count.
    """

    subject: str
    round: int
    window: Window
    traffic: TrafficResult
    readings: Mapping[str, Reading]
    gaps: tuple[Gap, ...] = ()
    troubles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Capacity:
    """The largest rate (requests a second) that a subject sustained with the objective met.

    `bracket` is the next higher rate that was tried and failed; inf when every rate that was tried was
    sustained.
    """

    rate: float
    bracket: float
    objective: str
    steps: tuple[tuple[float, float, float], ...] = ()
    """Every step that was tried: rate, p95 in ms, share of requests that failed."""
    troubles: tuple[str, ...] = ()


@dataclass(frozen=True)
class SubjectView:
    """One subject's side of a measurement."""

    name: str
    windows: tuple[LoadWindow, ...]
    findings: Mapping[str, Reading] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()
    capacity: Capacity | None = None

    def __getitem__(self, name: str) -> Interval:
        """The reading `name` over all windows, with the interval that they leave it in.

        Latency percentiles are exact over the pooled requests of all windows; the interval is that of the
        windows.

        Raises:
            MissingReadingError: no window and no probe gave it; the message says why.
        """
        if finding := self.findings.get(name):
            return _exact(finding)
        readings = [reading for _, reading in self._usable(name)]
        if not readings:
            raise MissingReadingError(self._why_missing(name))
        return _combined(
            readings, pooled_percentile(name, [w.traffic for w in self.windows if not w.troubles])
        )

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (name in self.findings or bool(self._usable(name)))

    def get(self, name: str) -> Interval | None:
        """Like indexing; None when it is missing."""
        try:
            return self[name]
        except MissingReadingError:
            return None

    def all(self, prefix: str = "") -> dict[str, Interval]:
        """Every reading whose name starts with `prefix`, by name."""
        names = {name for window in self.windows for name in window.readings} | set(self.findings)
        return {name: self[name] for name in sorted(names) if name.startswith(prefix) and name in self}

    def by_round(self, name: str) -> dict[int, float]:
        """The value of one reading in each round in which it can be vouched for."""
        return {window.round: reading.value for window, reading in self._usable(name)}

    def troubles(self) -> tuple[str, ...]:
        """Why windows of this subject were left out, each reason once."""
        return tuple(dict.fromkeys(trouble for window in self.windows for trouble in window.troubles))

    def reasons(self, name: str) -> tuple[str, ...]:
        """Why `name` is missing, wholly or in some windows, each reason once."""
        gaps = (*self.gaps, *(gap for window in self.windows for gap in window.gaps))
        found = [gap.reason for gap in gaps if gap.covers(name)]
        if any(name in window.readings for window in self.windows):
            found += self.troubles()
        return tuple(dict.fromkeys(found))

    def _usable(self, name: str) -> list[tuple[LoadWindow, Reading]]:
        found = [(w, reading) for w in self.windows if (reading := _reading(w, name)) is not None]
        doubtful = _by_time(name, [reading for _, reading in found])
        return [(w, r) for w, r in found if not (w.troubles and doubtful) and math.isfinite(r.value)]

    def _why_missing(self, name: str) -> str:
        why = "; ".join(self.reasons(name))
        why = why or ("no window was measured" if not self.windows else "nothing gave it")
        return f"{name} of {self.name} could not be read: {why}"


@dataclass(frozen=True)
class Measurement:
    """Everything one measurement gave. `limits` are the scenario's bounds (budget, promises) by name.

    `kind` is the name of its shape; `workspace` names the state of the learner's workspace that was
    measured (a commit); `complete` is False for a measurement that was interrupted.
    """

    id: str
    scenario: str
    variant: str
    kind: str
    started: float
    ended: float
    windows: tuple[LoadWindow, ...]
    findings: Mapping[str, Mapping[str, Reading]] = field(default_factory=dict)
    finding_gaps: Mapping[str, tuple[Gap, ...]] = field(default_factory=dict)
    capacities: Mapping[str, Capacity] = field(default_factory=dict)
    limits: Mapping[str, float] = field(default_factory=dict)
    workspace: str = ""
    label: str = ""
    complete: bool = True
    documents: Mapping[str, str] = field(default_factory=dict)
    """Text of the documents that the scenario asks for, by file; attached for judging, not kept."""
    earlier: tuple["Measurement", ...] = ()
    """The drill's other kept measurements, oldest first; attached for judging, not kept."""
    recoveries: tuple[Recovery, ...] = ()
    """What came of the drill's disasters, oldest first; attached for judging, not kept."""
    experiments: Experiments = field(default_factory=Experiments)
    """The learner's chaos experiments; attached for judging, not kept."""
    planted: tuple[str, ...] = ()
    """Ids of the variant's flaws; attached for judging, not kept."""

    @property
    def learner(self) -> SubjectView:
        """The drill's own range."""
        return self.subject(Subject.LEARNER)

    @property
    def twin(self) -> SubjectView:
        """The untouched range of the same variant."""
        return self.subject(Subject.TWIN)

    @property
    def par(self) -> SubjectView:
        """The range with the reference solution."""
        return self.subject(Subject.PAR)

    def subject(self, name: str) -> SubjectView:
        """One subject's side; empty when it was not measured."""
        return SubjectView(
            str(name),
            tuple(window for window in self.windows if window.subject == name),
            self.findings.get(name, {}),
            self.finding_gaps.get(name, ()),
            self.capacities.get(name),
        )

    def subjects(self) -> dict[str, SubjectView]:
        """Every subject that was measured."""
        names = {window.subject for window in self.windows} | set(self.findings)
        return {str(name): self.subject(name) for name in Subject if name in names}

    def only_round(self, number: int) -> "Measurement":
        """The same with the windows of one round; what was found out beside the windows stays."""
        return replace(self, windows=tuple(each for each in self.windows if each.round == number))

    def values(self, name: str, subject: str) -> list[float]:
        """One reading of one subject, window by window."""
        return list(self.subject(subject).by_round(name).values())

    def ratio(self, name: str, subject: str = "learner", against: str = "twin") -> Interval:
        """The paired ratio `subject` / `against` of one reading over the rounds, with its interval.

        Raises:
            MissingReadingError: fewer than `MIN_PAIRS` rounds gave the reading for both.
        """
        ours, theirs = self.subject(subject), self.subject(against)
        a, b = ours.by_round(name), theirs.by_round(name)
        rounds = sorted(a.keys() & b.keys())
        if len(rounds) < MIN_PAIRS:
            for side in (ours, theirs):
                side[name]
            lost = "; ".join(dict.fromkeys((*ours.reasons(name), *theirs.reasons(name))))
            raise MissingReadingError(
                f"{name} was measured side by side in {len(rounds)} rounds only, {MIN_PAIRS} are needed"
                + (f": {lost}" if lost else "")
            )
        point, low, high = paired_ratio([a[r] for r in rounds], [b[r] for r in rounds])
        sample = next(reading for w in ours.windows if (reading := _reading(w, name)) is not None)
        return Interval(
            name=f"{name} ({subject} / {against})",
            value=point,
            low=low,
            high=high,
            unit=Unit.RATIO,
            window=Window(self.started, self.ended),
            source=f"paired over {len(rounds)} rounds: {sample.source}",
            n=len(rounds),
        )

    def totals(self, name: str, subject: str = "learner", against: str = "par") -> tuple[Interval, Interval]:
        """What two subjects counted in the rounds that both have, added up.

        Raises:
            MissingReadingError: fewer than `MIN_PAIRS` rounds gave the reading for both.
        """
        self.ratio(name, subject, against)
        ours, theirs = self.subject(subject), self.subject(against)
        a, b = ours.by_round(name), theirs.by_round(name)
        shared = a.keys() & b.keys()
        return (
            replace(ours[name], value=math.fsum(a[number] for number in shared)),
            replace(theirs[name], value=math.fsum(b[number] for number in shared)),
        )

    def capacity(self, subject: str) -> Capacity:
        """The sustained throughput of one subject.

        Raises:
            MissingReadingError: it was not measured.
        """
        if subject not in self.capacities:
            reasons = (gap.reason for gap in self.finding_gaps.get(subject, ()) if gap.covers(THROUGHPUT))
            why = "; ".join(dict.fromkeys(reasons))
            raise MissingReadingError(
                f"the sustained throughput of {subject} was not measured" + (f": {why}" if why else "")
            )
        return self.capacities[subject]

    def limit(self, name: str) -> float:
        """One of the scenario's bounds.

        Raises:
            MissingReadingError: the manifest states no such bound.
        """
        if name not in self.limits:
            raise MissingReadingError(f"the scenario states no limit {name!r}")
        return self.limits[name]


def _by_time(name: str, readings: list[Reading]) -> bool:
    """Whether a busy machine may have changed it: seconds, and requests that ended because of their length.

    Where customers were served well all the same, it changed nothing.
    """
    if name.startswith("requests.success_ratio"):
        return min((reading.value for reading in readings), default=1.0) < SERVED
    return any(reading.unit in TIME_LIKE for reading in readings)


def _reading(window: LoadWindow, name: str) -> Reading | None:
    """A window's reading; what was counted by kind and did not happen is zero where the kinds were counted
    at all.
    """
    if name in window.readings:
        return window.readings[name]
    for prefix, witness in _COUNTED.items():
        if name.startswith(prefix) and (whole := window.readings.get(witness)) is not None:
            return Reading(name, 0.0, Unit.COUNT, whole.window, whole.source, combine=whole.combine)
    return None


_COUNTED = {
    "jobs.done.": "jobs.done",
    "jobs.failed.": "jobs.failed",
    "jobs.retries.": "jobs.retries",
    "cache.lookups.": "cache.lookups",
    "db.query.calls.": "db.calls",
    "queue.depth.": "queue.depth_max",
    "queue.delayed.": "queue.depth_max",
    "queue.dead.": "queue.dead",
}
"""Readings by kind, with the reading that tells that they were counted in a window."""


def _exact(reading: Reading) -> Interval:
    value = reading.value
    return Interval(reading.name, value, value, value, reading.unit, reading.window, reading.source, 1)


def _combined(readings: list[Reading], pooled: float | None) -> Interval:
    first = readings[0]
    values, weights = [r.value for r in readings], [r.weight for r in readings]
    match first.combine:
        case Combine.SUM:
            point = low = high = math.fsum(values)
        case Combine.MAX:
            point = low = high = max(values)
        case Combine.LAST:
            point = low = high = values[-1]
        case Combine.MEAN:
            point, low, high = weighted_mean(values, weights)
            if pooled is not None:
                point, low, high = pooled, min(pooled, low), max(pooled, high)
            low = max(0.0, low)
            if "_ratio" in first.name:
                high = min(high, 1.0)
    window = Window(min(r.window.start for r in readings), max(r.window.end for r in readings))
    return Interval(first.name, point, low, high, first.unit, window, first.source, len(readings))
