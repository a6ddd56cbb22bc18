"""What was read of the shop while an experiment ran, and which faults were on when: data, and its file."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from drillyard.assess.experiments.activities import RECOVERS, calls
from drillyard.assess.experiments.looks import PER_MINUTE
from drillyard.chaos.outcome import seconds
from drillyard.drill.readings_now import ReadingView

STANDARD = ("requests.success_ratio", "latency.p95", "business.orders", "queue.oldest_max")
"""Readings that are looked at in every run."""


@dataclass(frozen=True)
class Sample:
    """One value of a reading, in its unit."""

    value: float
    unit: str


@dataclass(frozen=True)
class FaultSpan:
    """A fault, and when it was on; `ended` is None for one that was still on when the run was over."""

    number: int
    fault: str
    began: float
    ended: float | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Look:
    """One look at the shop, from `began` to `ended`: readings by name, the faults that are on, and why there
    are no readings when there are none.
    """

    began: float
    ended: float
    samples: Mapping[str, Sample]
    faults: tuple[FaultSpan, ...] = ()
    why_not: str = ""


@dataclass(frozen=True)
class Series:
    """One reading over time: of each look when it began, when it ended, and the value."""

    what: str
    unit: str
    values: tuple[tuple[float, float, float], ...]


@dataclass(frozen=True)
class Seen:
    """All of a run. Times are seconds since the epoch."""

    began: float
    ended: float
    readings: tuple[Series, ...]
    faults: tuple[FaultSpan, ...]

    def as_json(self) -> str:
        """The file of it."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False)


def seen(began: float, ended: float, looks: Iterable[Look], faults: Iterable[FaultSpan]) -> Seen:
    """Looks one after the other, as series."""
    units: dict[str, str] = {}
    values: dict[str, list[tuple[float, float, float]]] = {}
    for look in looks:
        for name, sample in look.samples.items():
            units[name] = sample.unit
            values.setdefault(name, []).append((look.began, look.ended, sample.value))
    series = tuple(Series(name, units[name], tuple(found)) for name, found in values.items())
    return Seen(began, ended, series, tuple(sorted(faults, key=lambda each: each.began)))


def looked_at(experiment: Mapping[str, Any]) -> tuple[str, ...]:
    """The readings to look at during a run: the standard ones and those that its probes name."""
    named = (call.reading for call in calls(experiment) if call.reading)
    return tuple(dict.fromkeys((*STANDARD, *named)))


def samples(readings: Sequence[ReadingView], names: Iterable[str], seconds: float) -> dict[str, Sample]:
    """The readings of those names, of a look that took so many seconds, in the order of `names`."""
    there = {each.name: each for each in readings}
    found = {}
    for name in names:
        if each := there.get(name):
            per_minute = name in PER_MINUTE and seconds > 0
            value = each.value / seconds * 60 if per_minute else each.value
            found[name] = Sample(value, "/min" if per_minute else each.unit)
    return found


def said_when_over(journal: Mapping[str, Any], seen: Seen) -> str:
    """Which probes asked the hypothesis afterwards when no fault was on any more, though one had been, in a
    sentence; nothing where none did. One that waits for recovery means that, and is left out.
    """
    ended = [fault.ended for fault in seen.faults]
    if not ended or None in ended:
        return ""
    last = max(each for each in ended if each is not None)
    after = journal["steady_states"]["after"] or {"probes": []}
    late = [
        str(each["activity"].get("name"))
        for each in after["probes"]
        if (began := seconds(each.get("start"))) is not None
        and began > last
        and (each["activity"].get("provider") or {}).get("func") != RECOVERS
    ]
    return f"No fault was on any more when {', '.join(late)} asked: that is what came after." if late else ""
