"""How far a run's journal agrees with what the drill saw.

Each function answers one question about one run; what is wrong comes in words, one line each.
"""

from collections.abc import Iterator, Mapping

from drillyard.assess.experiments.activities import ACTIONS, PROBES, RECOVERS, reading_of, settled, unknown
from drillyard.assess.experiments.runs import Activity, Experiments, Injected, Observed, Rollout, Run, finite
from drillyard.base.errors import UserError
from drillyard.faults.catalog import fault_of, function_of

SLACK_S = 1.5
"""Clocks are the same; between an activity's begin or end and the drill's own note lies a request."""
LATE_S = 10.0
"""So much later than it was asked, or earlier than it answered, a probe has looked at most."""
_CLOSE = 0.001
_RECOVERED = 0.99
"""What `recovers_within` asks for by itself."""


def faults_of(run: Run, known: Experiments) -> list[Injected]:
    """The faults that this run put in: of each action that says so, the one that the drill saw then."""
    return [fault for _, fault in _matched(run, known) if fault is not None]


def _matched(run: Run, known: Experiments) -> Iterator[tuple[Activity, Injected | None]]:
    free = list(known.injected)
    for action in run.method:
        if action.fault and action.status == "succeeded":
            found = next((each for each in free if _is(action, each, run)), None)
            if found is not None:
                free.remove(found)
            yield action, found


def _is(action: Activity, fault: Injected, run: Run) -> bool:
    if function_of(fault.kind) != action.fault:
        return False
    if not action.began - SLACK_S <= fault.began <= action.ended + SLACK_S:
        return False
    asked = settled(action.arguments, run.experiment)
    fixed = {name: value for name, value in asked.items() if name in fault.parameters and not unknown(value)}
    try:
        same = fault_of(fault.kind, {**fault.parameters, **fixed})
        return same == fault_of(fault.kind, dict(fault.parameters))
    except UserError:
        return False


def strangers(run: Run, known: Experiments) -> Iterator[str]:
    """Faults that were on between this run's first action and its last look, and that it did not put in, and
    changes that were applied then by no program of its method: what came of it may be of these.
    """
    own = {(each.number, each.began) for each in faults_of(run, known)}
    begins = min((each.began for each in run.method), default=run.began)
    ends = max((each.ended for each in run.probes), default=run.ended)
    for fault in known.injected:
        on = fault.began < ends - SLACK_S and (fault.ended is None or fault.ended > begins + SLACK_S)
        if on and (fault.number, fault.began) not in own:
            yield f"{run.name}: {fault.kind} was on meanwhile, and this run did not put it in"
    for rollout in known.rollouts:
        if rollout.began < ends and rollout.ended > begins and not _own_doing(rollout, run):
            yield f"{run.name}: changes were applied meanwhile, and by no action of it that says `apply`"


def _own_doing(rollout: Rollout, run: Run) -> bool:
    return any(
        each.module not in (ACTIONS, PROBES)
        and "apply" in each.program
        and each.began - SLACK_S <= rollout.began
        and rollout.ended <= each.ended + SLACK_S
        for each in run.method
    )


def untrue(run: Run, known: Experiments) -> Iterator[str]:
    """What the journal says and the drill does not know, or what does not agree with itself."""
    for other in known.runs:
        if other.name != run.name and min(run.ended, other.ended) - max(run.began, other.began) > SLACK_S:
            yield f"{run.name} and {other.name} are runs of the same time"
    for action, fault in _matched(run, known):
        if fault is None:
            yield f"{run.name}: the drill knows of no fault by `{action.name}` ({action.func}) at that time"
    yield from _out_of_order(run)
    since = known.observed[0].began if known.observed else 0.0
    for probe in (*run.hypothesis, *run.method):
        if probe.module == PROBES and probe.began >= since - SLACK_S:
            yield from _false(probe, run, known)
    if run.held is not None:
        met = all(probe.met is not False and probe.status == "succeeded" for probe in run.after)
        if run.held_after is not (met and bool(run.after)) or (run.after and run.deviated is met):
            yield f"{run.name}: its outcome is not that of its probes"


def _out_of_order(run: Run) -> Iterator[str]:
    """Times of activities that cannot be those of one run."""
    every = (*run.hypothesis, *run.method)
    inside = all(run.began - SLACK_S <= each.began <= each.ended <= run.ended + SLACK_S for each in every)
    first = min((each.began for each in run.method), default=run.ended)
    last = max((each.began for each in run.method), default=run.began)
    before = all(each.ended <= first + SLACK_S for each in run.before)
    after = all(each.began >= last - SLACK_S for each in run.after)
    if not (inside and before and after):
        yield f"{run.name}: the times of its activities are not those of one run"


def _false(probe: Activity, run: Run, known: Experiments) -> Iterator[str]:
    """What a probe of ours says, and the drill's looks do not."""
    asked = settled(probe.arguments, run.experiment)
    looks = [each for each in known.observed if _meant(each, probe)]
    if probe.func == RECOVERS:
        if probe.status == "succeeded" and not _recovered(probe, asked, looks):
            yield f"{run.name}: what the drill gave says otherwise than `{probe.name}`"
        return
    reading = reading_of(probe.func, asked)
    if not reading or unknown(reading):
        return
    if probe.status != "succeeded":
        if looks and all(reading in each.values for each in looks):
            yield f"{run.name}: the drill gave {reading} when `{probe.name}` is said to have failed"
    elif probe.number is None:
        yield f"{run.name}: `{probe.name}` gives a number, and its journal has none"
    elif not _answered(probe, reading, asked, looks):
        yield f"{run.name}: the drill gave no {reading} of {probe.number:g} to `{probe.name}`"
    elif (within := _within(probe, run)) is not None and probe.met is not None and probe.met != within:
        yield f"{run.name}: the tolerance of `{probe.name}` says otherwise of {probe.number:g}"


def _meant(seen: Observed, probe: Activity) -> bool:
    """Whether a look is one that this probe may have asked for."""
    return seen.began >= probe.began - SLACK_S and seen.ended <= probe.ended + SLACK_S


def _recovered(probe: Activity, asked: Mapping[str, object], looks: list[Observed]) -> bool:
    """Whether looks are as `recovers_within` says: good ones where it did, a bad one where it did not."""
    ratio = finite(asked.get("ratio", _RECOVERED))
    if ratio is None or not isinstance(probe.output, bool):
        return ratio is None
    good = [each.values.get("requests.success_ratio", 0.0) >= ratio for each in looks]
    return any(good) if probe.output else not all(good) or not good


def _answered(probe: Activity, reading: str, asked: Mapping[str, object], looks: list[Observed]) -> bool:
    """Whether the drill gave this number in a look as long as the probe's, soon after it was asked."""
    said, seconds = probe.number or 0.0, finite(asked.get("seconds"))
    for seen in looks:
        length = seen.ended - seen.began
        if seen.began > probe.began + LATE_S or (seconds and abs(length - seconds) > SLACK_S):
            continue
        value = seen.values.get(reading)
        if value is not None and probe.func == "orders_per_minute":
            value = value / (seconds or round(length)) * 60
        if value is not None and abs(value - said) <= _CLOSE * max(1.0, abs(said)):
            return True
    return False


def _within(probe: Activity, run: Run) -> bool | None:
    """Whether its number is as asked; None where it has another kind of tolerance."""
    tolerance, number = settled(probe.tolerance, run.experiment), probe.number
    if isinstance(tolerance, Mapping):
        tolerance = tolerance.get("range") if tolerance.get("type") == "range" else None
    if number is None or tolerance is None:
        return None
    if not isinstance(tolerance, list):
        exact = finite(tolerance)
        return None if exact is None else number == exact
    bounds = [finite(each) for each in tolerance]
    match bounds:
        case [float(low), float(high)]:
            return low <= number <= high
        case _:
            return None
