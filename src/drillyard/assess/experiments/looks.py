"""What the drill's looks at the range say: those before a fault and while it was on, and their readings.

Looks are of any length: counts are of five seconds, and of no more customers than there were before.
"""

import math
from collections.abc import Iterable, Sequence
from functools import cache
from statistics import median

from drillyard.assess.experiments.journals import LATE_S, SLACK_S
from drillyard.assess.experiments.runs import Experiments, Injected, Observed, Run
from drillyard.assess.readings import described
from drillyard.measure.reading import Combine, Unit
from drillyard.measure.source import Described

NEARBY_S = 60.0
"""How long before a fault a look at the range counts as one of before."""
SUMS_OVER_S = 5.0
"""What is added up is compared over so long."""
ENOUGH_REQUESTS = {"latency.p95": 40, "latency.p99": 200}
"""Of fewer in a look, a percentile jumps by itself."""
OWN_REQUESTS = "requests.count"
REQUESTS = (OWN_REQUESTS, "proxy.requests")
"""Those of the drill's own customers, and of all who came: a crowd that a learner brings is in the second."""
OF_REQUESTS = {
    "requests.success_ratio": (1.0, OWN_REQUESTS),
    "shop.errors_ratio": (0.0, "shop.requests"),
    "proxy.errors_ratio": (0.0, "proxy.requests"),
}
"""Shares of requests: what they are where none fails, and of how many they are."""
ONE, OF_MANY = 1.5, 0.1
"""One request of ten or more may fail in a look by itself, however short it is."""
WAKE_S = 20.0
"""So soon after a fault, what comes back was taken away by it (faults of the catalogue are over by then)."""
ALIKE_CROWD = 1.5
"""Customers that are more than so many times as many are another crowd."""
LEAST_LOOK_S = 1.0
"""Customers' requests are counted once a second: a shorter look has those of a second, or none. Nor does it
say whether a machine was starved: a moment can be had at will.
"""
PER_MINUTE = ("business.orders",)
"""Counts that are shown as so many a minute, whatever the length of the look."""


def looks_before(fault: Injected, known: Experiments) -> list[Observed]:
    """Those of the minute before a fault, in which none was on; moments are none."""
    return [
        seen
        for seen in known.observed
        if length_of(seen) >= LEAST_LOOK_S
        and fault.began - NEARBY_S <= seen.began
        and seen.ended <= fault.began
        and not was_struck(seen, known)
    ]


def undisturbed(looks: Sequence[Observed], known: Experiments) -> Sequence[Observed]:
    """Those of them that do not lie in the wake of a fault; all where each does."""
    ends = [fault.ended for fault in known.injected if fault.ended is not None]
    return [seen for seen in looks if not any(end <= seen.ended <= end + WAKE_S for end in ends)] or looks


def looks_during(fault: Injected, known: Experiments) -> list[Observed]:
    """Those that touch the time of a fault; moments are none."""
    return [seen for seen in known.observed if length_of(seen) >= LEAST_LOOK_S and overlap(seen, fault)]


def looks_within(fault: Injected, known: Experiments) -> list[Observed]:
    """Those of them that lie in its time altogether; all where none does."""
    during = looks_during(fault, known)
    within = [
        seen
        for seen in during
        if fault.began <= seen.began and (fault.ended is None or seen.ended <= fault.ended)
    ]
    return within or during


def crowd_of(looks: Iterable[Observed]) -> float:
    """Requests a second; 0 where nobody counted them."""
    rates = [number / length_of(each) for each in looks if (number := came(each))]
    return median(rates) if rates else 0.0


def came(seen: Observed) -> float | None:
    """How many requests a look counted, whoever's; None where nobody counted them."""
    return max((seen.values[name] for name in REQUESTS if name in seen.values), default=None)


def customers(seen: Observed, known: Experiments) -> float:
    """How many requests a second there were in the looks of the minute before and in this one, all of them
    together (what they ordered is worked on by now, a burst of answers as much as a lull). 0 where nobody
    counted them.
    """
    near = [each for each in known.observed if seen.began - NEARBY_S <= each.began <= seen.began]
    long = [each for each in near if length_of(each) >= LEAST_LOOK_S and OWN_REQUESTS in each.values]
    return sum(each.values[OWN_REQUESTS] for each in long) / max(sum(map(length_of, long)), LEAST_LOOK_S)


def values_of(looks: Iterable[Observed], name: str, crowd: float, *, of_few: bool = False) -> list[float]:
    """A reading of those looks that have it; see `value_of`."""
    found = (value_of(each, name, crowd, of_few=of_few) for each in looks)
    return [value for value in found if value is not None]


def value_of(seen: Observed, name: str, crowd: float = 0.0, *, of_few: bool = False) -> float | None:
    """A reading of one look: sums over `SUMS_OVER_S`, of no more requests a second than `crowd` where that is
    said; one request that failed, as if none had. None where it was not given, or is a percentile of too few
    requests and was not asked for `of_few`.
    """
    value, requests = seen.values.get(name), seen.values.get(OWN_REQUESTS, 0.0)
    if value is None or (requests < ENOUGH_REQUESTS.get(name, 0) and not of_few):
        return None
    if name in OF_REQUESTS:
        return _but_for_one(value, seen, *OF_REQUESTS[name])
    if not is_sum(name):
        return value
    more = (came(seen) or 0.0) / length_of(seen) / crowd if crowd else 1.0
    return value / length_of(seen) * SUMS_OVER_S / max(1.0, more)


def _but_for_one(share: float, seen: Observed, of_none: float, number: str) -> float:
    """A share of requests that fail, or do not, but for one of them."""
    failed = abs(share - of_none)
    return of_none if failed <= OF_MANY and failed * seen.values.get(number, math.inf) < ONE else share


def length_of(seen: Observed) -> float:
    """In seconds; of what was no time at all as well."""
    return max(seen.ended - seen.began, 0.1)


def unit(name: str) -> Unit | None:
    """The unit of a reading; None of one that is not known."""
    found = _described(name)
    return None if found is None else found.unit


def is_zero_where_absent(name: str) -> bool:
    """Whether it is 0 where nobody gives it: counts, and the CPU of what is not there."""
    return is_sum(name) or unit(name) in (Unit.COUNT, Unit.CORES)


def was_struck(seen: Observed, known: Experiments) -> bool:
    """Whether a fault was on while somebody looked."""
    return any(overlap(seen, fault) for fault in known.injected)


def overlap(seen: Observed, fault: Injected) -> bool:
    """Whether a fault was on during a look, or a part of it."""
    return seen.ended > fault.began and (fault.ended is None or seen.began < fault.ended)


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
    return [value, value / length_of(seen) * 60] if reading in PER_MINUTE else [value]


def usual(reading: str, fault: Injected, known: Experiments) -> float | None:
    """What a reading was before a fault; None where nobody looked."""
    looks = looks_before(fault, known)
    values = values_of(looks, reading, 0.0)
    if not values and looks and is_zero_where_absent(reading):
        return 0.0
    return median(values) if values else None


@cache
def _described(name: str) -> Described | None:
    return next((each for each in described() if each.matches(name)), None)


def is_sum(name: str) -> bool:
    """Whether it is added up over a look."""
    found = _described(name)
    return found is not None and found.combine is Combine.SUM
