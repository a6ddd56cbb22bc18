"""What a drill saw of its learner's experiments: faults on the timeline, and looks at readings."""

from dataclasses import replace
from pathlib import Path

from drillyard.assess.audit import NOTHING, Forgiven
from drillyard.assess.experiments.runs import Experiments, Injected, Observed, Rollout, read_experiments
from drillyard.base.clock import wall
from drillyard.drill.engine import Engine
from drillyard.drill.events import Applied, ApplyFailed, FaultEnded, FaultInjected, Reset
from drillyard.drill.making import LEARNER
from drillyard.drill.observations import Observations
from drillyard.drill.store import Store
from drillyard.drill.subjects import ledger_of
from drillyard.traffic.ledger import read

BEFORE_S = 30.0
"""What follows from an order (its charge, its mail) takes some seconds, and may meet a fault."""
LATE_S = 30.0
"""A fault whose end is on no timeline was over so long after its time at the latest."""
WAKE_S = 60.0
"""So long a shop may suffer from a fault that is over."""


def experiments_of(engine: Engine) -> Experiments:
    """The experiments of the workspace, with what was seen since the start state."""
    seen = Observations(engine.places.private).all()
    observed = [Observed(each.began, each.ended, each.readings) for each in seen]
    store = engine.store
    return read_experiments(Path(engine.record.workspace), _injected(store), observed, _rollouts(store))


def struck(engine: Engine) -> Forgiven:
    """Orders that were placed, and jobs that were handed over, while a fault was on, or shortly before or
    after one: what became of them is what an experiment is for, and nobody is blamed for it. Nothing of what
    comes after now, such as the windows of a measurement, is forgiven.
    """
    now = wall()
    faults = _injected(engine.store)
    spans = [(each.began - BEFORE_S, min((each.ended or now) + WAKE_S, now)) for each in faults]
    if not spans:
        return NOTHING
    keys = frozenset(
        entry.key
        for entry in read(ledger_of(engine.places.private, LEARNER))
        if any(begins <= (entry.answered or entry.planned) <= ends for begins, ends in spans)
    )
    return Forgiven(keys, tuple(spans))


def _rollouts(store: Store) -> list[Rollout]:
    """Every apply that may have touched components."""
    return [
        Rollout(entry.at - entry.event.took_s, entry.at)
        for entry in store.timeline(kinds=("applied", "apply-failed"))
        if isinstance(entry.event, Applied | ApplyFailed)
    ]


def _injected(store: Store) -> list[Injected]:
    """Faults since the last reset. Numbers begin anew with every daemon."""
    found: list[Injected] = []
    on: dict[int, int] = {}
    now = wall()
    for entry in store.timeline(kinds=("fault-injected", "fault-ended", "reset")):
        match entry.event:
            case Reset():
                found.clear()
                on.clear()
            case FaultInjected() as event:
                on[event.number] = len(found)
                late = entry.at + event.duration_s + LATE_S  # where nobody has told of its end
                over = late if late < now else None
                found.append(
                    Injected(event.number, event.fault, event.parameters, event.duration_s, entry.at, over)
                )
            case FaultEnded() as event if event.number in on:
                place = on.pop(event.number)
                found[place] = replace(found[place], ended=entry.at, why=event.why)
    return found
