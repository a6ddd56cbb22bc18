"""What the faults of a run did to the shop, by the looks that the drill answered.

Looks are compared with those of the minute before the fault; `shifts` says when a reading has moved. Who
uses the machine beside it makes everything take longer: time has to move further then. What a crowd does by
itself does not count beside one.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

from drillyard.assess.experiments.crowds import Crowd, crowd_at
from drillyard.assess.experiments.journals import faults_of
from drillyard.assess.experiments.looks import (
    ENOUGH_REQUESTS,
    SUMS_OVER_S,
    is_sum,
    is_zero_where_absent,
    length_of,
    looks_before,
    looks_during,
    looks_within,
    undisturbed,
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
OF_A_CROWD = (
    "requests.", "latency.", "shop.handling", "shop.errors_ratio", "proxy.errors_ratio", "pool.", "queue.",
    "jobs.wait.",
)  # fmt: skip
"""What a crowd moves that is more than the shop carries, whatever else is wrong."""
OF_NO_CROWD = ("services.down", "proxy.servers.up", "processes.restarts", "processes.cpu.neighbour")
"""What moves without any customers, and is all that counts where nobody had come before."""
SUFFERED_BY_NO_CROWD = (Moves("services.down"),)
COMES_BACK = ("processes.restarts",)
"""What an earlier fault may have had a part in: it is compared with looks out of the wake of that."""
OF_FEW = 3.0
"""A percentile of few requests jumps: it has to move by so much more."""
OTHERS_CORES, BUSIER = 0.4, 3.0
"""Where programs outside the range use so many more cores than before, time has to move by so much more."""
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
        crowd = crowd_at(fault, known)
        if crowd.grew:
            yield (
                f"{crowd.during:.0f} requests a second came instead of {crowd.before:.0f}: who waits or is"
                " refused may be of that, so let a crowd come a minute before the fault"
            )
        if any(_rolled_out(seen, known) for seen in looks_during(fault, known)):
            yield "changes were applied meanwhile: what was seen then may be of these"


def biting(run: Run, known: Experiments) -> list[Injected]:
    """The faults of this run that did something."""
    found = {id(each.fault): each.fault for each in effects(run, known)}
    return list(found.values())


def _changes(fault: Injected, every: Iterable[Moves], known: Experiments) -> Iterator[tuple[Effect, bool]]:
    before, within = looks_before(fault, known), looks_within(fault, known)
    crowd = crowd_at(fault, known)
    harder = BUSIER if _busier(before, within) else 1.0
    for moves in every:
        values, further = _values(fault, moves, known, crowd)
        if values.before and values.touching:
            found = change(moves, values, harder * further)
            moved = found.moved and not _of_customers(moves, crowd)
            yield Effect(fault, moves.reading, found.before, found.during), moved


def _of_customers(moves: Moves, crowd: Crowd) -> bool:
    """Whether a reading moves that way because more customers came, or fewer."""
    if crowd.is_first:
        return not moves.reading.startswith(OF_NO_CROWD)
    if moves.way == "down" and is_sum(moves.reading):
        return crowd.shrank
    return crowd.grew and moves.reading.startswith(OF_A_CROWD)


def _values(fault: Injected, moves: Moves, known: Experiments, crowd: Crowd) -> tuple[Values, float]:
    """A reading before and during a fault, and how many times further it has to move for what it is of."""
    reading, further = moves.reading, 1.0
    before: Sequence[Observed] = looks_before(fault, known)
    touching, within = looks_during(fault, known), looks_within(fault, known)
    most = (crowd.before or 0.0) if moves.way == "up" else 0.0
    if reading in COMES_BACK:
        before = undisturbed(before, known)
    was, touched, now = (values_of(each, reading, most) for each in (before, touching, within))
    if reading in ENOUGH_REQUESTS and not (was and touched):
        further = OF_FEW
        was, touched, now = (
            values_of(each, reading, most, of_few=True) for each in (before, touching, within)
        )
    if not was and before and is_zero_where_absent(reading):
        was = [0.0]
    seconds = median(map(length_of, within)) if within else SUMS_OVER_S
    return Values(was, touched, now or touched, seconds), further


def _by_kind(fault: Injected) -> tuple[Moves, ...]:
    return kinds()[fault.kind].moves if fault.kind in kinds() else ()


def _suffered(fault: Injected, known: Experiments) -> Sequence[Moves]:
    if crowd_at(fault, known).grew:
        return SUFFERED_BY_NO_CROWD
    names = {name for seen in known.observed for name in seen.values if name.startswith(SUFFERING_OF_JOBS)}
    return [*SUFFERING, *map(Moves, sorted(names))]


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
