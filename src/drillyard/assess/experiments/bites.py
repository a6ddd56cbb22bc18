"""What the faults of a run did to the shop, by the looks that the drill answered.

Looks are compared with those of the minute before the fault. What does not happen in a healthy shop and does
now (errors, a restart) is seen by one look; all else by medians, for a single look may be anything. What
everything on the machine moves has to move by more than a busy machine moves it (`measure.shift`).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from drillyard.assess.experiments.journals import faults_of
from drillyard.assess.experiments.looks import (
    crowd_of,
    is_zero_where_absent,
    looks_before,
    looks_during,
    looks_within,
    unit,
    values_of,
)
from drillyard.assess.experiments.runs import Experiments, Injected, Run
from drillyard.faults.catalog import kinds
from drillyard.faults.fault import Moves
from drillyard.measure.reading import TIME_LIKE, Unit
from drillyard.measure.shift import FACTOR, FACTORS, SHARE, shifted

SUFFERING = (
    Moves("requests.success_ratio", "down"),
    Moves("latency.p95"),
    Moves("shop.errors_ratio"),
    Moves("proxy.servers.up", "down"),
    Moves("services.down"),
    Moves("queue.oldest_max"),
    Moves("pool.waiting.max"),
    Moves("cache.errors"),
    Moves("jobs.retries"),
    Moves("partner.doubled"),
)
SUFFERING_OF_JOBS = ("jobs.failed.", "jobs.duration.", "queue.oldest.")
"""What faults do whose own readings are elsewhere: the same cut is felt by others at another place."""
NEVER = (
    "business.payment_failures", "cache.errors", "db.replica_lag", "db.waits.lock", "jobs.failed",
    "jobs.retries", "network.closing", "partner.doubled", "partner.unkept", "processes.cpu.neighbour",
    "processes.restarts", "proxy.errors_ratio", "requests.indeterminate", "requests.success_ratio",
    "services.down", "shop.errors_ratio", "valkey.evicted",
)  # fmt: skip
"""What does not happen in a healthy shop (and what begins so): one look shows that it does."""
NEVER_FAILED = 0.95
"""A share that was no lower before is of what did not happen; one request may fail of the fifty of a look."""
FAILED_SHARE = 0.03
"""Where it did not, so much of all is more than that one request, in most looks."""
SUDDEN = 0.25
"""A share so far beyond all of before in one look is no chance: what is flushed fills within seconds."""
FEW = 3
"""Of fewer looks the median is any of them: the least of them has to be beyond all of the other side."""
ALONE = 2.0
"""Where a side is a single look, what can jump by itself has to move so many times further."""
UNLIKE = ("jobs.duration.",)
"""Jobs of a kind are few in a look, and not alike: a report is of a day or of a month."""
STEADY = {"jobs.duration.charge_payment": 1.5}
"""By how much it moves what takes as long as the partner does: the busiest look had 1.2 times the median."""
OTHERS_CORES, BUSIER = 0.4, 3.0
"""Where programs outside the range use so many more cores than before, time has to move by so much more."""


@dataclass(frozen=True)
class Effect:
    """What a reading was before and during a fault that moved it."""

    fault: Injected
    reading: str
    before: float
    during: float


def effects(run: Run, known: Experiments) -> list[Effect]:
    """Readings that the faults of this run moved: those that they are known to move; where none of them did,
    what customers and jobs suffered.
    """
    faults = faults_of(run, known)
    by_kind = [
        effect
        for fault in faults
        if fault.kind in kinds()
        for effect in _moved(fault, kinds()[fault.kind].moves, known)
    ]
    return by_kind or [effect for fault in faults for effect in _moved(fault, _suffered(known), known)]


def known_to_move(run: Run, known: Experiments) -> list[Effect]:
    """What its faults are known to move was and is, moved or not."""
    return [
        Effect(fault, moves.reading, *_compared(*sides, moves))
        for fault in faults_of(run, known)
        if fault.kind in kinds()
        for moves in kinds()[fault.kind].moves
        if all(sides := _sides(fault, moves, known))
    ]


def biting(run: Run, known: Experiments) -> list[Injected]:
    """The faults of this run that did something."""
    found = {id(each.fault): each.fault for each in effects(run, known)}
    return list(found.values())


def _moved(fault: Injected, every: Iterable[Moves], known: Experiments) -> Iterator[Effect]:
    for moves in every:
        before, during = sides = _sides(fault, moves, known)
        if before and during:
            was, now = _compared(before, during, moves)
            harder = _harder(fault, moves, known) * ALONE ** sum(len(side) == 1 for side in sides)
            if _is_shifted(was, now, moves, harder):
                yield Effect(fault, moves.reading, was, now)


def _is_shifted(was: float, now: float, moves: Moves, harder: float) -> bool:
    """`harder` is how many times more than is usual what can jump by itself has to move."""
    of = unit(moves.reading)
    if moves.reading.startswith(NEVER):
        if of is Unit.RATIO and _good(was, moves) >= NEVER_FAILED:
            return _good(was, moves) - _good(now, moves) > FAILED_SHARE
        return shifted(was, now, moves.way, of)
    if of is Unit.RATIO and harder > 1.0:
        return abs(now - was) > SUDDEN and shifted(was, now, moves.way, of)
    usual = STEADY.get(moves.reading, FACTORS.get(of, FACTOR) if of else FACTOR)
    return shifted(was, now, moves.way, of, factor=harder * usual)


def _harder(fault: Injected, moves: Moves, known: Experiments) -> float:
    return BUSIER if unit(moves.reading) in TIME_LIKE and _busier(fault, known) else 1.0


def _good(share: float, moves: Moves) -> float:
    """A share of what fails as one of what does not."""
    return share if moves.way == "down" else 1.0 - share


def _busier(fault: Injected, known: Experiments) -> bool:
    """Whether programs outside the range used more of the machine while the fault was on than before."""
    before, during = (
        [
            busy - own
            for seen in looks
            if (busy := seen.values.get("machine.busy")) is not None
            and (own := seen.values.get("processes.cpu")) is not None
        ]
        for looks in (looks_before(fault, known), looks_within(fault, known))
    )
    return bool(before and during) and median(during) - median(before) > OTHERS_CORES


def _suffered(known: Experiments) -> list[Moves]:
    names = {name for seen in known.observed for name in seen.values if name.startswith(SUFFERING_OF_JOBS)}
    return [*SUFFERING, *map(Moves, sorted(names))]


def _sides(fault: Injected, moves: Moves, known: Experiments) -> tuple[list[float], list[float]]:
    """What it was in looks of before, and what in those while the fault was on."""
    looks = looks_before(fault, known)
    crowd = crowd_of(looks)
    before = values_of(looks, moves.reading, crowd)
    there = looks_during if moves.reading.startswith(NEVER) else looks_within
    if not before and looks and is_zero_where_absent(moves.reading):
        before = [0.0]
    return before, values_of(there(fault, known), moves.reading, crowd)


def _compared(before: Sequence[float], during: Sequence[float], moves: Moves) -> tuple[float, float]:
    """Which value of before stands beside which of during."""
    farthest, nearest = (max, min) if moves.way == "up" else (min, max)
    if moves.reading.startswith(NEVER):
        share = unit(moves.reading) is Unit.RATIO
        if _good(farthest(before), moves) >= NEVER_FAILED if share else not any(before):
            many = share and abs(farthest(during) - farthest(before)) <= SHARE
            return farthest(before), median(during) if many else farthest(during)
    elif unit(moves.reading) is Unit.RATIO and abs(farthest(during) - farthest(before)) > SUDDEN:
        return farthest(before), farthest(during)
    elif moves.reading.startswith(UNLIKE) and moves.reading not in STEADY:
        return farthest(before), median(during)
    elif min(len(before), len(during)) < FEW:
        return farthest(before), nearest(during) if len(during) < FEW else median(during)
    return median(before), median(during)
