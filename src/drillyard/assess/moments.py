"""When a check has to hold: once, for some seconds without a break, or still at the end.

A check is a function of a measurement; this is what is asked of it beyond its one verdict.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from drillyard.assess.check import Check, Evidence, Moment, Status, Verdict, all_of, inconclusive
from drillyard.assess.measurement import Measurement

Judge = Callable[[Measurement], Verdict]


@dataclass(frozen=True)
class Passed:
    """A check that passed before: when (seconds since the epoch), and what was seen then."""

    at: float
    evidence: tuple[Evidence, ...] = ()


def judged(
    check: Check, measurement: Measurement, judge: Judge, passed: Mapping[str, Passed] | None = None
) -> Verdict:
    """The verdict of `judge` as `check.when` asks for it.

    `judge` never raises. `passed` are the checks that passed since the last reset, by id: they count for
    those that have to hold once.
    """
    verdict = judge(measurement)
    match check.when.moment:
        case Moment.END:
            return verdict
        case Moment.ONCE:
            before = (passed or {}).get(check.id)
            return verdict if verdict.passed or before is None else _remembered(before)
        case Moment.HOLD:
            return _held(check.when.seconds, measurement, judge, verdict) if verdict.passed else verdict


def _remembered(before: Passed) -> Verdict:
    reason = "it passed earlier in this drill, and once is enough"
    return Verdict(Status.PASS, before.evidence, reason)


def _held(seconds: float, measurement: Measurement, judge: Judge, whole: Verdict) -> Verdict:
    """Whether every window of the last `seconds` passes by itself.

    Windows that prove nothing leave a hole of which nobody knows: inconclusive, as a measurement that is too
    short.
    """
    windows = sorted(measurement.learner.windows, key=lambda each: each.window.start)
    if not windows:
        return inconclusive("no window was measured")
    end = windows[-1].window.end
    span = end - windows[0].window.start
    if span < seconds:
        reason = f"it has to hold for {seconds:g} s, and {span:.0f} s were measured"
        return all_of(whole, inconclusive(reason, look_next="Check it alone: drill check TASK"))
    verdicts = [whole]
    for each in windows:
        if each.window.end <= end - seconds:
            continue
        alone = judge(measurement.only_round(each.round))
        if not alone.passed:
            ago = end - each.window.start
            verdicts.append(_at(alone, f"{ago:.0f} s before the end of the measurement"))
    return all_of(*verdicts)


def _at(verdict: Verdict, when: str) -> Verdict:
    evidence = tuple(
        replace(item, what=f"{item.what}, {when}")
        for item in verdict.evidence
        if item.status is not Status.PASS
    )
    return replace(verdict, evidence=evidence)
