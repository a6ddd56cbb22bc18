"""What the faults of a run did to the shop, by the looks that the drill answered.

Looks are compared with those of the minute before the fault; `shifts` says when a reading has moved. Who
brings a crowd, or uses the machine beside it, makes everything take longer: time has to move further then.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

from drillyard.assess.experiments.journals import faults_of
from drillyard.assess.experiments.looks import (
    ALIKE_CROWD,
    ENOUGH_REQUESTS,
    crowd_of,
    is_zero_where_absent,
    looks_before,
    looks_during,
    looks_within,
    undisturbed,
    values_of,
)
from drillyard.assess.experiments.runs import Experiments, Injected, Observed, Run
from drillyard.assess.experiments.shifts import FEW, Values, change
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
SUFFERED_BY_NO_CROWD = (Moves("services.down"),)
OF_A_CROWD = ("requests.", "shop.errors_ratio", "proxy.errors_ratio")
"""What a crowd moves that is more than the shop carries, whatever else is wrong."""
COMES_BACK = ("processes.restarts",)
"""What an earlier fault may have had a part in: it is compared with looks out of the wake of that."""
OF_FEW = 3.0
"""A percentile of few requests jumps: it has to move by so much more."""
OTHERS_CORES, BUSIER = 0.4, 3.0
"""Where programs outside the range use so many more cores than before, or another crowd has come, time has to
move by so much more.
"""
ROLLOUT_S = 5.0
"""Until so soon after changes were applied, what is seen may be of their rollout."""


@dataclass(frozen=True)
class Effect:
    """What a reading was before and during a fault."""

    fault: Injected
    reading: str
    before: float
    during: float


def effects(run: Run, known: Experiments) -> list[Effect]:
    """Readings that the faults of this run moved: those that they are known to move; where none of them did,
    what customers and jobs suffered that is of nothing else. Looks at a rollout are left out.
    """
    faults, calm = faults_of(run, known), _calm(known)
    by_kind = [each for fault in faults for each, moved in _changes(fault, _by_kind(fault), calm) if moved]
    if by_kind:
        return by_kind
    return [
        each for fault in faults for each, moved in _changes(fault, _suffered(fault, calm), calm) if moved
    ]


def known_to_move(run: Run, known: Experiments) -> list[Effect]:
    """What its faults are known to move was and is, moved or not."""
    calm = _calm(known)
    return [each for fault in faults_of(run, known) for each, _ in _changes(fault, _by_kind(fault), calm)]


def uncounted(run: Run, known: Experiments) -> Iterator[str]:
    """Why some of what was seen does not count, in words."""
    for fault in faults_of(run, known):
        if _another_crowd(fault, known):
            before, during = (_rate(looks(fault, known)) for looks in (looks_before, looks_within))
            yield (
                f"{during:.0f} requests a second came instead of {before:.0f}: who waits or is refused may be"
                " of that, so let a crowd come a minute before the fault"
            )
        if any(_rolled_out(seen, known) for seen in looks_during(fault, known)):
            yield "changes were applied meanwhile: what was seen then may be of these"


def biting(run: Run, known: Experiments) -> list[Injected]:
    """The faults of this run that did something."""
    found = {id(each.fault): each.fault for each in effects(run, known)}
    return list(found.values())


def _changes(fault: Injected, every: Iterable[Moves], known: Experiments) -> Iterator[tuple[Effect, bool]]:
    before, within = looks_before(fault, known), looks_within(fault, known)
    crowded = _another_crowd(fault, known)
    harder = BUSIER if crowded or _busier(before, within) else 1.0
    for moves in every:
        values, further = _values(fault, moves.reading, known)
        if values.before and values.touching:
            found = change(moves, values, harder * further)
            moved = found.moved and not (crowded and moves.reading.startswith(OF_A_CROWD))
            yield Effect(fault, moves.reading, found.before, found.during), moved


def _values(fault: Injected, reading: str, known: Experiments) -> tuple[Values, float]:
    """A reading before and during a fault, and how many times further it has to move for what it is of."""
    before: Sequence[Observed] = looks_before(fault, known)
    touching, within = looks_during(fault, known), looks_within(fault, known)
    crowd, further = crowd_of(before), 1.0
    if reading in COMES_BACK:
        before = undisturbed(before, known)
    was, touched, now = (values_of(each, reading, crowd) for each in (before, touching, within))
    if reading in ENOUGH_REQUESTS and not (was and touched):
        further = OF_FEW
        was, touched, now = (
            values_of(each, reading, crowd, of_few=True) for each in (before, touching, within)
        )
    if not was and before and is_zero_where_absent(reading):
        was = [0.0]
    return Values(was, touched, now or touched), further


def _by_kind(fault: Injected) -> tuple[Moves, ...]:
    return kinds()[fault.kind].moves if fault.kind in kinds() else ()


def _suffered(fault: Injected, known: Experiments) -> Sequence[Moves]:
    if _another_crowd(fault, known):
        return SUFFERED_BY_NO_CROWD
    names = {name for seen in known.observed for name in seen.values if name.startswith(SUFFERING_OF_JOBS)}
    return [*SUFFERING, *map(Moves, sorted(names))]


def _another_crowd(fault: Injected, known: Experiments) -> bool:
    """Whether far more customers came while it was on than before."""
    before = _rate(looks_before(fault, known))
    return bool(before) and _rate(looks_within(fault, known)) > ALIKE_CROWD * before


def _rate(looks: Sequence[Observed]) -> float:
    """Requests a second in these looks; in the busiest of few: customers may be on their way still."""
    return crowd_of(looks) if len(looks) >= FEW else max((crowd_of([each]) for each in looks), default=0.0)


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


def _calm(known: Experiments) -> Experiments:
    return replace(known, observed=tuple(each for each in known.observed if not _rolled_out(each, known)))


def _rolled_out(seen: Observed, known: Experiments) -> bool:
    return any(seen.began <= each.ended + ROLLOUT_S and each.began <= seen.ended for each in known.rollouts)
