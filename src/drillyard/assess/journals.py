"""How far a run's journal agrees with what the drill saw, and what its faults did.

Each function answers one question about one run; what is wrong comes in words, one line each.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from statistics import median

from drillyard.assess.experiments import (
    ACTIONS,
    ENDING,
    PROBES,
    Activity,
    Experiments,
    Injected,
    Observed,
    Run,
    finite,
    reading_of,
)
from drillyard.assess.readings import described
from drillyard.base.errors import UserError
from drillyard.faults.catalog import fault_of, kinds
from drillyard.faults.fault import Moves
from drillyard.faults.injector import SPENT
from drillyard.measure.reading import Combine, Unit
from drillyard.measure.shift import shifted
from drillyard.measure.source import Described

SLACK_S = 1.5
"""Clocks are the same; between an activity's begin or end and the drill's own note lies a request."""
SERVED = 0.97
"""A range serves its customers again."""
WELL_WITHIN_S = 60.0
"""So soon after the last fault somebody has to have looked whether all is well."""
NEARBY_S = 60.0
"""How long before a fault a look at the range counts as one of before."""
SUMS_OVER_S = 5.0
"""Looks are of any length: what is added up is compared over so long."""
_CLOSE = 0.001


@dataclass(frozen=True)
class Effect:
    """That a fault moved a reading: its value before and during the fault."""

    fault: Injected
    reading: str
    before: float
    during: float


def faults_of(run: Run, known: Experiments) -> list[Injected]:
    """The faults that this run put in: of each action that says so, the one that the drill saw then."""
    return [fault for _, fault in _matched(run, known) if fault is not None]


def _matched(run: Run, known: Experiments) -> Iterator[tuple[Activity, Injected | None]]:
    free = list(known.injected)
    for action in run.method:
        if action.fault and action.status == "succeeded":
            found = next((each for each in free if _is(action, each)), None)
            if found is not None:
                free.remove(found)
            yield action, found


def _is(action: Activity, fault: Injected) -> bool:
    if fault.kind.replace(".", "_").replace("-", "_") != action.fault:
        return False
    if not action.began - SLACK_S <= fault.began <= action.ended + SLACK_S:
        return False
    asked = {name: value for name, value in action.arguments.items() if name in fault.parameters}
    fixed = {name: value for name, value in asked.items() if "${" not in str(value)}
    try:
        same = fault_of(fault.kind, {**fault.parameters, **fixed})
        return same == fault_of(fault.kind, dict(fault.parameters))
    except UserError:
        return False


def untrue(run: Run, known: Experiments) -> Iterator[str]:
    """What the journal says and the drill does not know, or what does not agree with itself."""
    for other in known.runs:
        if other.name != run.name and min(run.ended, other.ended) - max(run.began, other.began) > SLACK_S:
            yield f"{run.name} and {other.name} are runs of the same time"
    for action, fault in _matched(run, known):
        if fault is None:
            yield f"{run.name}: the drill knows of no fault by `{action.name}` ({action.func}) at that time"
    since = known.observed[0].began if known.observed else 0.0
    for probe in (*run.before, *run.method, *run.after):
        reading = _asked(probe)
        if reading and probe.number is not None and probe.began >= since - SLACK_S:
            if not _answered(probe, reading, known):
                yield f"{run.name}: the drill gave no {reading} of {probe.number:g} to `{probe.name}`"
            elif (within := _within(probe)) is not None and probe.met is not None and probe.met != within:
                yield f"{run.name}: the tolerance of `{probe.name}` says otherwise of {probe.number:g}"
    if run.status == "completed" and run.held is not None:
        all_met = all(probe.met is not False for probe in run.after)
        if run.deviated is run.held or run.held is not all_met:
            yield f"{run.name}: its outcome is not that of its probes"


def _asked(probe: Activity) -> str:
    """The reading that a probe of ours asks for; empty where that is not known."""
    if probe.module != PROBES:
        return ""
    return reading_of(probe.func, probe.arguments)


def _within(probe: Activity) -> bool | None:
    """Whether its number is in its range; None where it has another kind of tolerance."""
    bounds = probe.tolerance.get("range") if isinstance(probe.tolerance, Mapping) else probe.tolerance
    if not isinstance(bounds, list) or len(bounds) != 2 or probe.number is None:
        return None
    low, high = map(finite, bounds)
    return None if low is None or high is None else low <= probe.number <= high


def _answered(probe: Activity, reading: str, known: Experiments) -> bool:
    said = probe.number or 0.0
    for seen in known.observed:
        if seen.began < probe.began - SLACK_S or seen.ended > probe.ended + SLACK_S:
            continue
        value = seen.values.get(reading)
        if value is not None and probe.func == "orders_per_minute":
            seconds = finite(probe.arguments.get("seconds", 10)) or 10.0
            value = value / seconds * 60
        if value is not None and abs(value - said) <= _CLOSE * max(1.0, abs(said)):
            return True
    return False


def effects(run: Run, known: Experiments) -> list[Effect]:
    """Readings that the faults of this run are known to move, and did."""
    return [
        effect
        for fault in faults_of(run, known)
        if fault.kind in kinds()
        for moves in kinds()[fault.kind].moves
        if (effect := _effect(fault, moves, known)) is not None
    ]


def _effect(fault: Injected, moves: Moves, known: Experiments) -> Effect | None:
    before = [
        value
        for seen in known.observed
        if fault.began - NEARBY_S <= seen.began and seen.ended <= fault.began and not _struck(seen, known)
        if (value := _value(seen, moves.reading)) is not None
    ]
    during = [
        value
        for seen in known.observed
        if _overlap(seen, fault) and (value := _value(seen, moves.reading)) is not None
    ]
    if not before or not during:
        return None
    was, unit = median(before), _unit(moves.reading)
    farthest = max(during) if moves.way == "up" else min(during)
    now = (
        median(during) if unit is Unit.MILLISECONDS else farthest
    )  # few requests' percentile jumps by itself
    return Effect(fault, moves.reading, was, now) if shifted(was, now, moves.way, unit) else None


def _value(seen: Observed, name: str) -> float | None:
    """A reading of one look, sums over `SUMS_OVER_S`; None where it was not given."""
    value = seen.values.get(name)
    if value is None or (found := _described(name)) is None or found.combine is not Combine.SUM:
        return value
    return value / max(seen.ended - seen.began, 0.1) * SUMS_OVER_S


@cache
def _described(name: str) -> Described | None:
    return next((each for each in described() if each.matches(name)), None)


def _unit(name: str) -> Unit | None:
    found = _described(name)
    return None if found is None else found.unit


def _struck(seen: Observed, known: Experiments) -> bool:
    """Whether a fault was on while somebody looked."""
    return any(_overlap(seen, fault) for fault in known.injected)


def _overlap(seen: Observed, fault: Injected) -> bool:
    return seen.ended > fault.began and (fault.ended is None or seen.began < fault.ended)


def cut_short(run: Run, known: Experiments) -> Iterator[str]:
    """Faults that were ended before the run had looked at what they do, and before their time; not by its own
    method, nor by their error budget.
    """
    probes = [each for each in (*run.method, *run.after) if each.kind == "probe"]
    looked = max((probe.began for probe in probes), default=run.began)
    own = [each for each in run.method if each.module == ACTIONS and each.func == ENDING]
    for fault in faults_of(run, known):
        ended = fault.ended
        if ended is None or fault.why.startswith(SPENT) or ended - fault.began >= fault.duration_s - SLACK_S:
            continue
        meant = any(
            each.began - SLACK_S <= ended <= each.ended + SLACK_S
            and any(fault.began <= probe.began and probe.ended <= each.began for probe in probes)
            for each in own
        )
        if ended < looked and not meant:
            lasted = f"{ended - fault.began:.0f} of {fault.duration_s:.0f} s"
            yield (
                f"{run.name}: {fault.kind} was over after {lasted} ({fault.why}),"
                " before the run was done with looking"
            )


def steady_again(run: Run, known: Experiments) -> bool | None:
    """Whether customers were seen to be served again soon after the last fault; None when nobody looked."""
    ends = [fault.ended for fault in faults_of(run, known)]
    if not ends or None in ends:
        return None
    last = max(end for end in ends if end is not None)
    after = [
        seen.values["requests.success_ratio"]
        for seen in known.observed
        if last <= seen.began <= last + WELL_WITHIN_S
        and "requests.success_ratio" in seen.values
        and not _struck(seen, known)
    ]
    return max(after) >= SERVED if after else None


def seen_at(known: Experiments, reading: str, at: float) -> list[float]:
    """What looks at the range around an instant gave of a reading."""
    return [
        seen.values[reading]
        for seen in known.observed
        if reading in seen.values and seen.began - SLACK_S <= at <= seen.ended + SLACK_S
    ]
