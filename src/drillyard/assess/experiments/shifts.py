"""Whether a fault moved a reading, by its values in looks before and during it, as readings of its kind do.

What does not happen in a healthy shop and does now (errors, a restart) is shown by one look, and so is a
share that jumps. All else is compared by medians, for a single look may be anything; and what can jump by
itself has to move further where there are few looks, and where others use the machine (`measure.shift` has
the factors).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from drillyard.assess.experiments.crowds import FEW
from drillyard.assess.experiments.looks import SUMS_OVER_S, is_sum, unit
from drillyard.faults.fault import Moves
from drillyard.measure.reading import TIME_LIKE, Unit
from drillyard.measure.shift import SHARE, shifted

NEVER = (
    "business.payment_failures", "cache.errors", "db.replica_lag", "db.waits.lock", "jobs.failed",
    "jobs.retries", "network.closing", "partner.doubled", "partner.unkept", "processes.cpu.neighbour",
    "processes.restarts", "proxy.errors_ratio", "requests.indeterminate", "requests.success_ratio",
    "services.down", "shop.errors_ratio", "valkey.evicted",
)  # fmt: skip
"""What does not happen in a healthy shop (and what begins so). Where it happened in most looks before, it
is compared by medians like all else.
"""
NEVER_FAILED = 0.95
"""A share that was no lower before is of what did not happen; one request may fail of the fifty of a look."""
FAILED_SHARE = 0.03
"""Where it did not, so much of all is more than that one request, in most looks."""
SUDDEN = 0.25
"""A share so far beyond all of before in one look is no chance: what is flushed fills within seconds."""
JUMPING = ("queue.", "pool.")
"""What jumps by itself, as time does: a queue is empty most of the time, and for an instant is not."""
ALONE, SUM_ALONE = 2.0, 1.3
"""For each side that is a single look, what can jump has to move so many times further, and what is added up:
single looks of two seconds had twice as many calls of the database as the one before.
"""
UNLIKE = ("jobs.duration.",)
"""Jobs of a kind are few in a look, and not alike: a report is of a day or of a month."""
STEADY = {"jobs.duration.charge_payment": 0.6}
"""What takes as long as the partner does has to move less (1.5 times): its busiest look had 1.2 times the
median, on a machine whose other times doubled.
"""


@dataclass(frozen=True)
class Values:
    """A reading in looks before a fault, in those that touch its time, and in those that lie in it; `seconds`
    is how long these look.
    """

    before: Sequence[float]
    touching: Sequence[float]
    within: Sequence[float]
    seconds: float = SUMS_OVER_S


@dataclass(frozen=True)
class Change:
    """What stands beside what, and whether that is a move to the side that was asked for: medians, or where
    few looks or one decide, the farthest of before and the nearest or farthest of during.
    """

    before: float
    during: float
    moved: bool


def change(moves: Moves, values: Values, harder: float = 1.0) -> Change:
    """What became of a reading of which there are values; time has to move `harder` times further."""
    if moves.reading.startswith(NEVER):
        return _begun(moves, values)
    if unit(moves.reading) is Unit.RATIO:
        return _share(moves, values)
    return _amount(moves, values, harder)


def _begun(moves: Moves, values: Values) -> Change:
    farthest, of = _farthest(moves), unit(moves.reading)
    was, now = farthest(values.before), farthest(values.touching)
    if of is Unit.RATIO and _good(was, moves) >= NEVER_FAILED:
        if _good(was, moves) - _good(now, moves) <= SHARE:
            now = median(values.touching)
        return Change(was, now, _good(was, moves) - _good(now, moves) > FAILED_SHARE)
    if not was and of is Unit.COUNT and is_sum(moves.reading):
        return Change(was, now, moved=now > 0)  # one is one, in a long look too
    if of is Unit.RATIO or median(values.before):
        was, now = median(values.before), median(values.touching)
    return Change(was, now, shifted(was, now, moves.way, of, chance=_chance(moves.reading, values)))


def _share(moves: Moves, values: Values) -> Change:
    farthest = _farthest(moves)
    was, now = farthest(values.before), farthest(values.touching)
    if _good(was, moves) - _good(now, moves) > SUDDEN:
        return Change(was, now, moved=True)
    was, now = _middles(moves, values)
    return Change(was, now, not _alone(values) and shifted(was, now, moves.way, Unit.RATIO))


def _amount(moves: Moves, values: Values, harder: float) -> Change:
    of, times = unit(moves.reading), STEADY.get(moves.reading, 1.0)
    if of in TIME_LIKE:
        times *= harder
    if of in TIME_LIKE or moves.reading.startswith(JUMPING):
        times *= ALONE ** _alone(values)
    elif is_sum(moves.reading):
        times *= SUM_ALONE ** _alone(values)
    chance = _chance(moves.reading, values)
    was, now = _middles(moves, values)
    return Change(was, now, shifted(was, now, moves.way, of, times=times, chance=chance))


def _chance(reading: str, values: Values) -> float:
    """By how much more than its root a reading varies: a sum of two seconds was made one of five."""
    if is_sum(reading):
        return math.sqrt(max(1.0, SUMS_OVER_S / values.seconds))
    return float(reading.startswith(JUMPING))


def _middles(moves: Moves, values: Values) -> tuple[float, float]:
    farthest, nearest = (max, min) if moves.way == "up" else (min, max)
    unlike = moves.reading.startswith(UNLIKE) and moves.reading not in STEADY
    few_now = len(values.within) < FEW
    was = farthest if unlike or few_now or len(values.before) < FEW else median
    now = nearest if few_now and not unlike else median
    return was(values.before), now(values.within)


def _farthest(moves: Moves) -> Callable[[Sequence[float]], float]:
    return max if moves.way == "up" else min


def _alone(values: Values) -> int:
    return sum(len(side) == 1 for side in (values.before, values.within))


def _good(share: float, moves: Moves) -> float:
    """A share of what fails as one of what does not."""
    return share if moves.way == "down" else 1.0 - share
