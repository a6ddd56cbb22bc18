"""What the faults of a run did to the shop, by the looks that the drill answered.

Looks are compared with those of the minute before the fault. What never happened before and does now (errors,
a restart) is seen by one look; all else by medians, for a single look may be anything. Where any of many
readings may show it, the median has to be beyond every look before: one of them always jumps by itself.
Counts are of five seconds, and of as many customers as there were before.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import median

from drillyard.assess.experiments.activities import ACTIONS, ENDING, RECOVERS, reading_of, settled
from drillyard.assess.experiments.journals import LATE_S, SLACK_S, faults_of
from drillyard.assess.experiments.runs import Experiments, Injected, Observed, Run
from drillyard.assess.readings import described
from drillyard.assess.starved import starved
from drillyard.faults.catalog import kinds
from drillyard.faults.fault import Moves
from drillyard.faults.injector import SPENT
from drillyard.measure.reading import Combine, Unit
from drillyard.measure.shift import shifted
from drillyard.measure.source import Described

SERVED = 0.97
"""A range serves its customers again."""
WELL_WITHIN_S = 60.0
"""So soon after the last fault somebody has to have looked whether all is well: no fault of the catalogue
takes longer to be over.
"""
NEARBY_S = 60.0
"""How long before a fault a look at the range counts as one of before."""
SUMS_OVER_S = 5.0
"""Looks are of any length: what is added up is compared over so long."""
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
ENOUGH_REQUESTS = {"latency.p95": 40, "latency.p99": 200}
"""Of fewer in a look, a percentile jumps by itself."""
_REQUESTS = "requests.count"
LEAST_LOOK_S = 1.0
"""Customers' requests are counted once a second: a shorter look has those of a second, or none. Nor does it
say whether a machine was starved: a moment can be had at will.
"""
PER_MINUTE = ("business.orders",)
"""Counts that are shown as so many a minute, whatever the length of the look."""


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
    looks = _before(fault, known)
    crowd = _crowd(looks)
    before = _values(looks, moves.reading, crowd)
    during = _values([each for each in known.observed if overlap(each, fault)], moves.reading, crowd)
    if not before and looks and _is_zero_where_absent(moves.reading):
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


def _before(fault: Injected, known: Experiments) -> list[Observed]:
    return [
        seen
        for seen in known.observed
        if fault.began - NEARBY_S <= seen.began and seen.ended <= fault.began and not _struck(seen, known)
    ]


def _crowd(looks: Iterable[Observed]) -> float:
    """Requests a second; 0 where nobody counted them."""
    rates = [each.values[_REQUESTS] / _length(each) for each in looks if each.values.get(_REQUESTS)]
    return median(rates) if rates else 0.0


def customers(seen: Observed, known: Experiments) -> float:
    """How many requests a second there were in the looks of the minute before and in this one, all of them
    together (what they ordered is worked on by now, a burst of answers as much as a lull). 0 where nobody
    counted them.
    """
    near = [each for each in known.observed if seen.began - NEARBY_S <= each.began <= seen.began]
    long = [each for each in near if _length(each) >= LEAST_LOOK_S and _REQUESTS in each.values]
    return sum(each.values[_REQUESTS] for each in long) / max(sum(map(_length, long)), LEAST_LOOK_S)


def crowd_before(run: Run, known: Experiments) -> float:
    """How many requests a second there were when the run had begun, before its first fault; by the last look
    before it where the run has none. 0 where nobody counted them.
    """
    first = min(faults_of(run, known), key=lambda fault: fault.began, default=None)
    looks = sorted(_before(first, known), key=lambda seen: seen.began) if first else []
    return _crowd([seen for seen in looks if seen.began >= run.began - SLACK_S] or looks[-1:])


def _values(looks: Iterable[Observed], name: str, crowd: float) -> list[float]:
    found = (value_of(each, name, crowd) for each in looks)
    return [value for value in found if value is not None]


def value_of(seen: Observed, name: str, crowd: float = 0.0) -> float | None:
    """A reading of one look: sums over `SUMS_OVER_S`, of no more requests a second than `crowd` where that is
    said. None where it was not given, or is of too few requests.
    """
    value, requests = seen.values.get(name), seen.values.get(_REQUESTS, 0.0)
    if value is None or requests < ENOUGH_REQUESTS.get(name, 0):
        return None
    if not _is_sum(name):
        return value
    more = requests / _length(seen) / crowd if crowd else 1.0
    return value / _length(seen) * SUMS_OVER_S / max(1.0, more)


def _length(seen: Observed) -> float:
    return max(seen.ended - seen.began, 0.1)


@cache
def _described(name: str) -> Described | None:
    return next((each for each in described() if each.matches(name)), None)


def unit(name: str) -> Unit | None:
    """The unit of a reading; None of one that is not known."""
    found = _described(name)
    return None if found is None else found.unit


def _is_sum(name: str) -> bool:
    found = _described(name)
    return found is not None and found.combine is Combine.SUM


def _is_zero_where_absent(name: str) -> bool:
    """Whether it is 0 where nobody gives it: counts, and the CPU of what is not there."""
    return _is_sum(name) or unit(name) in (Unit.COUNT, Unit.CORES)


def _struck(seen: Observed, known: Experiments) -> bool:
    """Whether a fault was on while somebody looked."""
    return any(overlap(seen, fault) for fault in known.injected)


def overlap(seen: Observed, fault: Injected) -> bool:
    """Whether a fault was on during a look, or a part of it."""
    return seen.ended > fault.began and (fault.ended is None or seen.began < fault.ended)


def spent(run: Run, known: Experiments) -> bool:
    """Whether a fault of the run was ended by its error budget: customers had paid as much as was agreed."""
    return any(each.why.startswith(SPENT) for each in faults_of(run, known))


def outcome(run: Run, known: Experiments) -> bool | None:
    """Whether the shop bore what was done to it. A budget that was spent says no, whatever was seen after it;
    None where nothing was asked.
    """
    return False if run.held and spent(run, known) else run.held


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
        if shared and _length(seen) >= LEAST_LOOK_S:
            looked += shared
            hungry += shared if any(starved(seen.values)) else 0.0
    return hungry > looked / 2


def _shared(seen: Observed, fault: Injected) -> float:
    """Seconds of a look in which a fault was on."""
    ended = seen.ended if fault.ended is None else min(seen.ended, fault.ended)
    return max(0.0, ended - max(seen.began, fault.began))


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
        and not _struck(seen, known)
    ]
    within = f"within {WELL_WITHIN_S:.0f} s after its last fault was over"
    if not after:
        return f"nobody looked {within} whether customers are served"
    return "" if max(after) >= SERVED else f"customers were not served well {within}"


def looks_at(run: Run, known: Experiments, reading: str, at: float) -> list[Observed]:
    """Looks at the range around an instant that have a reading, and what a probe of the run saw that was
    asked then: on a busy machine it looks a while after it was asked.
    """
    first, last = at - SLACK_S, at + SLACK_S
    for probe in run.probes:
        if probe.began <= at <= probe.ended:
            first = min(first, max(probe.began, at - LATE_S))
            last = max(last, min(probe.ended, at + LATE_S))
    return [
        seen
        for seen in known.observed
        if reading in seen.values and seen.began <= last and first <= seen.ended
    ]


def as_told(seen: Observed, reading: str) -> list[float]:
    """What people may have read of it: as it is, and per minute where it is shown so."""
    value = seen.values[reading]
    return [value, value / _length(seen) * 60] if reading in PER_MINUTE else [value]


def usual(reading: str, fault: Injected, known: Experiments) -> float | None:
    """What a reading was before a fault; None where nobody looked."""
    looks = _before(fault, known)
    values = _values(looks, reading, 0.0)
    if not values and looks and _is_zero_where_absent(reading):
        return 0.0
    return median(values) if values else None
