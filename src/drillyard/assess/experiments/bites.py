"""What the faults of a run did to the shop, by the looks that the drill answered.

Looks are compared with those of the minute before the fault. What never happened before and does now (errors,
a restart) is seen by one look; all else by medians, for a single look may be anything. Where any of many
readings may show it, the median has to be beyond every look before: one of them always jumps by itself.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from drillyard.assess.experiments.activities import reading_of, settled
from drillyard.assess.experiments.journals import faults_of
from drillyard.assess.experiments.looks import (
    crowd_of,
    is_zero_where_absent,
    looks_before,
    overlap,
    unit,
    values_of,
)
from drillyard.assess.experiments.runs import Experiments, Injected, Run
from drillyard.faults.catalog import kinds
from drillyard.faults.fault import Moves
from drillyard.measure.reading import Unit
from drillyard.measure.shift import shifted

SUFFERING = (
    Moves("requests.success_ratio", "down"),
    Moves("latency.p95"),
    Moves("shop.errors_ratio"),
    Moves("proxy.servers.up", "down"),
    Moves("services.down"),
    Moves("queue.oldest_max"),
)
SUFFERING_OF_JOBS = ("jobs.failed.", "jobs.duration.", "queue.oldest.")
"""What faults do whose own readings are elsewhere: the same cut is felt by others at another place."""
ANY_OF_MANY = ("jobs.duration.",)
"""Jobs of a kind are few in a look, and not alike: a report is of a day or of a month."""
EVERYBODYS = ("machine.",)
"""Readings that whatever else is on the machine moves."""
NEVER_FAILED = 0.99
"""A share that was no lower before is of what does not happen to a healthy shop."""


@dataclass(frozen=True)
class Effect:
    """What a reading was before and during a fault that moved it."""

    fault: Injected
    reading: str
    before: float
    during: float


def effects(run: Run, known: Experiments) -> list[Effect]:
    """Readings that the faults of this run moved: those that they are known to move; where none of them did,
    what customers and jobs suffered, and what the run's own probes asked for.
    """
    faults = faults_of(run, known)
    by_kind = [
        effect
        for fault in faults
        if fault.kind in kinds()
        for effect in _moved(fault, kinds()[fault.kind].moves, known)
    ]
    return by_kind or [
        effect
        for fault in faults
        for effect in (
            *_moved(fault, _suffered(known), known),
            *_moved(fault, _asked_for(run), known, of_many=True),
        )
    ]


def known_to_move(run: Run, known: Experiments) -> list[Effect]:
    """What its faults are known to move was and is, moved or not."""
    read = [
        _read(fault, moves, known, of_many=False)
        for fault in faults_of(run, known)
        if fault.kind in kinds()
        for moves in kinds()[fault.kind].moves
    ]
    return [each for each in read if each is not None]


def biting(run: Run, known: Experiments) -> list[Injected]:
    """The faults of this run that did something."""
    found = {id(each.fault): each.fault for each in effects(run, known)}
    return list(found.values())


def _moved(
    fault: Injected, every: Iterable[Moves], known: Experiments, *, of_many: bool = False
) -> Iterator[Effect]:
    for moves in every:
        many = of_many or moves.reading.startswith(ANY_OF_MANY)
        read = _read(fault, moves, known, of_many=many)
        if read and shifted(read.before, read.during, moves.way, unit(moves.reading)):
            yield read


def _suffered(known: Experiments) -> list[Moves]:
    names = {name for seen in known.observed for name in seen.values if name.startswith(SUFFERING_OF_JOBS)}
    return [*SUFFERING, *map(Moves, sorted(names))]


def _asked_for(run: Run) -> list[Moves]:
    asked = {reading_of(each.func, settled(each.arguments, run.experiment)) for each in run.probes}
    own = sorted(name for name in asked if name and not name.startswith(EVERYBODYS))
    return [Moves(name, way) for name in own for way in ("up", "down")]


def _read(fault: Injected, moves: Moves, known: Experiments, *, of_many: bool) -> Effect | None:
    """What it was and is, moved or not; None where nobody looked."""
    looks = looks_before(fault, known)
    crowd = crowd_of(looks)
    before = values_of(looks, moves.reading, crowd)
    during = values_of([each for each in known.observed if overlap(each, fault)], moves.reading, crowd)
    if not before and looks and is_zero_where_absent(moves.reading):
        before = [0.0]
    if not before or not during:
        return None
    return Effect(fault, moves.reading, *_compared(before, during, moves, of_many))


def _compared(
    before: Sequence[float], during: Sequence[float], moves: Moves, of_many: bool
) -> tuple[float, float]:
    farthest = max if moves.way == "up" else min
    if of_many:
        return farthest(before), median(during)
    never_before = min(before) >= NEVER_FAILED if unit(moves.reading) is Unit.RATIO else False
    if never_before or not any(before):
        return farthest(before), farthest(during)
    return median(before), median(during)
