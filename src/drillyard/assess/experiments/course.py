"""How a run went: whether its faults were on while it asked, were let be, and left a shop that is well."""

from collections.abc import Iterator

from drillyard.assess.experiments.activities import ACTIONS, ENDING, RECOVERS
from drillyard.assess.experiments.journals import SLACK_S, faults_of
from drillyard.assess.experiments.looks import (
    LEAST_LOOK_S,
    crowd_of,
    length_of,
    looks_before,
    was_struck,
)
from drillyard.assess.experiments.runs import Experiments, Injected, Observed, Run
from drillyard.assess.starved import starved
from drillyard.faults.injector import SPENT

SERVED = 0.97
"""A range serves its customers again."""
WELL_WITHIN_S = 60.0
"""So soon after the last fault somebody has to have looked whether all is well: no fault of the catalogue
takes longer to be over.
"""


def outcome(run: Run, known: Experiments) -> bool | None:
    """Whether the shop bore what was done to it. A budget that was spent says no, whatever was seen after it;
    None where nothing was asked.
    """
    return False if run.held and spent(run, known) else run.held


def spent(run: Run, known: Experiments) -> bool:
    """Whether a fault of the run was ended by its error budget: customers had paid as much as was agreed."""
    return any(each.why.startswith(SPENT) for each in faults_of(run, known))


def was_on(run: Run, known: Experiments) -> bool:
    """Whether a fault of the run was on while its hypothesis was asked, or it asked for recovery."""
    asked = [each for each in (*run.during, *run.after) if each.kind == "probe"]
    faults = faults_of(run, known)
    return any(each.func == RECOVERS for each in asked) or any(
        each.ended > fault.began and (fault.ended is None or each.began < fault.ended)
        for each in asked
        for fault in faults
    )


def in_want(run: Run, known: Experiments) -> bool:
    """Whether the machine had no time for the shop in most of the seconds that somebody looked at while a
    fault of the run was on: what it bore then, and what it did not, is no sign of anything.
    """
    faults = faults_of(run, known)
    hungry = looked = 0.0
    for seen in known.observed:
        shared = max((_shared(seen, fault) for fault in faults), default=0.0)
        if shared and length_of(seen) >= LEAST_LOOK_S:
            looked += shared
            hungry += shared if any(starved(seen.values)) else 0.0
    return hungry > looked / 2


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


def not_well(run: Run, known: Experiments) -> str:
    """Why the shop is not known to serve its customers soon after the last fault; nothing where it is."""
    faults = faults_of(run, known)
    if on := next((each for each in faults if each.ended is None), None):
        return f"{on.kind}, fault {on.number}, is still on"
    ends = [each.ended for each in faults if each.ended is not None]
    last = max(ends, default=run.ended)
    after = [
        seen.values["requests.success_ratio"]
        for seen in known.observed
        if last <= seen.began <= last + WELL_WITHIN_S
        and "requests.success_ratio" in seen.values
        and not was_struck(seen, known)
    ]
    within = f"within {WELL_WITHIN_S:.0f} s after its last fault was over"
    if not after:
        return f"nobody looked {within} whether customers are served"
    return "" if max(after) >= SERVED else f"customers were not served well {within}"


def crowd_before(run: Run, known: Experiments) -> float:
    """How many requests a second there were when the run had begun, before its first fault; by the last look
    before it where the run has none. 0 where nobody counted them.
    """
    first = min(faults_of(run, known), key=lambda fault: fault.began, default=None)
    looks = sorted(looks_before(first, known), key=lambda seen: seen.began) if first else []
    return crowd_of([seen for seen in looks if seen.began >= run.began - SLACK_S] or looks[-1:])


def _shared(seen: Observed, fault: Injected) -> float:
    """Seconds of a look in which a fault was on."""
    ended = seen.ended if fault.ended is None else min(seen.ended, fault.ended)
    return max(0.0, ended - max(seen.began, fault.began))
