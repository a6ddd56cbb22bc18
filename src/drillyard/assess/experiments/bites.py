"""What the faults of a run did to the shop, by the looks that the drill answered.

Looks are compared with those of the minute before the fault; `shifts` says when a reading has moved. Who
brings a crowd, or uses the machine beside it, makes everything take longer: time has to move further then.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from statistics import median

from drillyard.assess.experiments.journals import faults_of
from drillyard.assess.experiments.looks import (
    ALIKE_CROWD,
    crowd_of,
    is_zero_where_absent,
    looks_before,
    looks_during,
    looks_within,
    values_of,
)
from drillyard.assess.experiments.runs import Experiments, Injected, Observed, Run
from drillyard.assess.experiments.shifts import Values, change
from drillyard.faults.catalog import kinds
from drillyard.faults.fault import Moves

SUFFERING = (
    Moves("requests.success_ratio", "down"),
    Moves("latency.p95"),
    Moves("shop.errors_ratio"),
    Moves("proxy.servers.up", "down"),
    Moves("services.down"),
    Moves("queue.oldest_max"),
    Moves("pool.waiting.max"),
    Moves("cache.errors"),
    Moves("partner.doubled"),
)
SUFFERING_OF_JOBS = ("jobs.failed.", "jobs.duration.", "queue.oldest.")
"""What faults do whose own readings are elsewhere: the same cut is felt by others at another place."""
OTHERS_CORES, BUSIER = 0.4, 3.0
"""Where programs outside the range use so many more cores than before, or another crowd has come, time has to
move by so much more.
"""
ROLLOUT_S = 15.0
"""What is suffered so soon before changes were applied may be of their rollout."""


@dataclass(frozen=True)
class Effect:
    """What a reading was before and during a fault."""

    fault: Injected
    reading: str
    before: float
    during: float


def effects(run: Run, known: Experiments) -> list[Effect]:
    """Readings that the faults of this run moved: those that they are known to move; where none of them did,
    what customers and jobs suffered that is of nothing else.
    """
    faults = faults_of(run, known)
    by_kind = [each for fault in faults for each, moved in _changes(fault, _by_kind(fault), known) if moved]
    if by_kind:
        return by_kind
    calm = replace(known, observed=tuple(each for each in known.observed if not _rolled_out(each, known)))
    return [
        each
        for fault in faults
        if not _another_crowd(fault, calm)
        for each, moved in _changes(fault, _suffered(calm), calm)
        if moved
    ]


def known_to_move(run: Run, known: Experiments) -> list[Effect]:
    """What its faults are known to move was and is, moved or not."""
    return [each for fault in faults_of(run, known) for each, _ in _changes(fault, _by_kind(fault), known)]


def biting(run: Run, known: Experiments) -> list[Injected]:
    """The faults of this run that did something."""
    found = {id(each.fault): each.fault for each in effects(run, known)}
    return list(found.values())


def _changes(fault: Injected, every: Iterable[Moves], known: Experiments) -> Iterator[tuple[Effect, bool]]:
    before, touching = looks_before(fault, known), looks_during(fault, known)
    within, crowd = looks_within(fault, known), crowd_of(before)
    harder = BUSIER if _busier(before, within) or _another_crowd(fault, known) else 1.0
    for moves in every:
        was, touched, now = (values_of(each, moves.reading, crowd) for each in (before, touching, within))
        if not was and before and is_zero_where_absent(moves.reading):
            was = [0.0]
        if was and touched:
            found = change(moves, Values(was, touched, now or touched), harder)
            yield Effect(fault, moves.reading, found.before, found.during), found.moved


def _by_kind(fault: Injected) -> tuple[Moves, ...]:
    return kinds()[fault.kind].moves if fault.kind in kinds() else ()


def _suffered(known: Experiments) -> list[Moves]:
    names = {name for seen in known.observed for name in seen.values if name.startswith(SUFFERING_OF_JOBS)}
    return [*SUFFERING, *map(Moves, sorted(names))]


def _another_crowd(fault: Injected, known: Experiments) -> bool:
    """Whether far more customers came while it was on than before."""
    before = crowd_of(looks_before(fault, known))
    return bool(before) and crowd_of(looks_within(fault, known)) > ALIKE_CROWD * before


def _busier(before: Iterable[Observed], during: Iterable[Observed]) -> bool:
    """Whether programs outside the range used more of the machine while the fault was on than before."""
    was, now = (
        [
            busy - own
            for seen in looks
            if (busy := seen.values.get("machine.busy")) is not None
            and (own := seen.values.get("processes.cpu")) is not None
        ]
        for looks in (before, during)
    )
    return bool(was and now) and median(now) - median(was) > OTHERS_CORES


def _rolled_out(seen: Observed, known: Experiments) -> bool:
    return any(seen.began <= at and at - ROLLOUT_S <= seen.ended for at in known.applied)
