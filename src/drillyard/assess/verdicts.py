"""Building verdicts from intervals: pass only when the interval lies wholly inside the bound, fail only
outside.

Anything between is *inconclusive*, and so is an interval that the windows were too few or too unlike to
bound.
"""

import math

from drillyard.assess.check import Evidence, Status, Verdict
from drillyard.assess.measurement import Capacity, Measurement
from drillyard.measure.paired import Interval
from drillyard.measure.reading import Unit, Window

SAME = 0.05
"""Two subjects are told apart only when the interval of their ratio lies wholly outside 1 +- this much."""


def at_least(found: Interval, threshold: float, *, what: str = "", look_next: str = "") -> Verdict:
    """`found` is at least `threshold`, in the unit of `found`."""
    return _judge(
        found, threshold, math.inf, f"at least {_number(threshold)}", what=what, look_next=look_next
    )


def at_most(found: Interval, threshold: float, *, what: str = "", look_next: str = "") -> Verdict:
    """`found` is at most `threshold`, in the unit of `found`."""
    return _judge(
        found, -math.inf, threshold, f"at most {_number(threshold)}", what=what, look_next=look_next
    )


def between(found: Interval, low: float, high: float, *, what: str = "", look_next: str = "") -> Verdict:
    """`found` lies in `low`..`high`."""
    return _judge(
        found, low, high, f"between {_number(low)} and {_number(high)}", what=what, look_next=look_next
    )


def ratio_at_most(found: Interval, bound: float, *, what: str = "", look_next: str = "") -> Verdict:
    """A paired ratio is at most `bound`: 0.6 means that the learner's takes at most 60 % of the other's."""
    return at_most(found, bound, what=what, look_next=look_next)


def ratio_at_least(found: Interval, bound: float, *, what: str = "", look_next: str = "") -> Verdict:
    """A paired ratio is at least `bound`."""
    return at_least(found, bound, what=what, look_next=look_next)


def no_worse(found: Interval, *, tolerance: float = SAME, what: str = "", look_next: str = "") -> Verdict:
    """A paired ratio of something that should be small shows no rise: fails only when wholly above 1 +
    `tolerance`.

    For what must not be made worse in passing: doubt counts for the learner here.
    """
    threshold = f"not above {_number(1 + tolerance)}"
    if math.isnan(found.value) or math.isinf(found.high):
        return _judge(found, -math.inf, 1 + tolerance, threshold, what=what, look_next=look_next)
    status = Status.FAIL if found.low > 1 + tolerance else Status.PASS
    return _verdict(found, status, threshold, what=what, look_next=look_next)


def counts_at_least(found: Interval, bound: float, *, what: str = "", look_next: str = "") -> Verdict:
    """A ratio of counts over the same requests is at least `bound`.

    Passes by its point and fails only when wholly below: the interval of such a ratio is that of independent
    counts, and far too wide, because both subjects were sent the same requests. Doubt below the bound is
    inconclusive.
    """
    threshold = f"at least {_number(bound)}"
    if not math.isnan(found.value) and found.value >= bound:
        return _verdict(found, Status.PASS, threshold, what=what, look_next=look_next)
    return _judge(found, bound, math.inf, threshold, what=what, look_next=look_next)


def never_above(found: Interval, bound: float, *, what: str = "", look_next: str = "") -> Verdict:
    """What was seen is never above `bound`: for counts and worst cases, which have no interval to be in
    doubt about.
    """
    threshold = f"never above {_number(bound)}"
    if math.isnan(found.value):
        return _judge(found, -math.inf, bound, threshold, what=what, look_next=look_next)
    status = Status.PASS if found.value <= bound else Status.FAIL
    return _verdict(found, status, threshold, what=what, look_next=look_next)


def capacity_ratio_at_least(
    m: Measurement, subject: str, against: str, bound: float, *, what: str = "", look_next: str = ""
) -> Verdict:
    """The sustained throughput of `subject` is at least `bound` times that of `against`.

    Each lies between the highest rate that was sustained and the next that was not; the ratio's interval is
    made of those ends.
    """
    ours, theirs = m.capacity(subject), m.capacity(against)
    found = _capacity_ratio(m, ours, theirs, f"throughput ({subject} / {against})")
    troubles = (*ours.troubles, *theirs.troubles)
    if troubles:
        reason = "; ".join(dict.fromkeys(troubles))
        return _verdict(
            found,
            Status.INCONCLUSIVE,
            f"at least {_number(bound)}",
            what=what,
            look_next=look_next,
            reason=reason,
        )
    return at_least(found, bound, what=what, look_next=look_next)


def true_that(
    holds: bool,
    what: str,
    *,
    source: str = "",
    threshold: str = "",
    look_next: str = "",
    value: float | None = None,
) -> Verdict:
    """A plain fact that either holds or not."""
    status = Status.PASS if holds else Status.FAIL
    item = Evidence(what, status, value=value, threshold=threshold, source=source, look_next=look_next)
    return Verdict(status, (item,))


def _capacity_ratio(m: Measurement, ours: Capacity, theirs: Capacity, name: str) -> Interval:
    from_below = ours.rate / theirs.bracket if theirs.bracket > 0 else math.inf
    from_above = ours.bracket / theirs.rate if theirs.rate > 0 else math.inf
    point = ours.rate / theirs.rate if theirs.rate > 0 else math.inf
    return Interval(
        name=name,
        value=point,
        low=from_below,
        high=from_above,
        unit=Unit.RATIO,
        window=Window(m.started, m.ended),
        source=f"largest rate with {ours.objective}, both in this run",
        n=len(ours.steps),
    )


def _judge(found: Interval, low: float, high: float, threshold: str, *, what: str, look_next: str) -> Verdict:
    if math.isnan(found.value):
        return _verdict(
            found,
            Status.INCONCLUSIVE,
            threshold,
            what=what,
            look_next=look_next,
            reason="there was nothing to measure",
        )
    if found.wholly_within(low, high):
        return _verdict(found, Status.PASS, threshold, what=what, look_next=look_next)
    if found.wholly_outside(low, high):
        return _verdict(found, Status.FAIL, threshold, what=what, look_next=look_next)
    return _verdict(
        found, Status.INCONCLUSIVE, threshold, what=what, look_next=look_next, reason=_doubt(found)
    )


def _doubt(found: Interval) -> str:
    if math.isinf(found.low) or math.isinf(found.high):
        return f"{found.n} windows are too few for an interval"
    return (
        f"the bound is inside {_number(found.low)} to {_number(found.high)} (of {found.n} observations): "
        "measure again, longer or on a quieter machine"
    )


def _verdict(
    found: Interval, status: Status, threshold: str, *, what: str, look_next: str, reason: str = ""
) -> Verdict:
    item = Evidence(
        what=what or found.name,
        status=status,
        value=found.value,
        low=found.low,
        high=found.high,
        threshold=threshold,
        unit=found.unit.value,
        window=found.window,
        source=found.source,
        look_next=look_next,
        reason=reason,
    )
    return Verdict(status, (item,), reason)


def _number(value: float) -> str:
    return f"{value:.4g}"
