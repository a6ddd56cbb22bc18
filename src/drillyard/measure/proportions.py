"""Comparing two proportions that were counted, such as hit ratios: hits and look-ups of two subjects."""

import math

from drillyard.measure.paired import CONFIDENCE, Bounds, Interval
from drillyard.measure.reading import Unit
from drillyard.measure.student import t_quantile

_MANY = 10_000
"""Degrees of freedom at which Student's t is the normal distribution."""


def proportion_ratio(ours: Interval, our_trials: float, theirs: Interval, their_trials: float) -> Interval:
    """`ours` / `theirs`, two shares of counted trials pooled over all windows.

    For shares of a few hundred trials, ratios round by round are mostly noise; pooled counts are not. The
    interval is that of the logarithm of a risk ratio (Katz et al., Biometrics 34, 1978, method C), with half
    a success added on both sides so that none at all has an interval too (Walter, Biometrics 31, 1975).
    Unbounded when there was no trial.
    """
    trials = int(min(our_trials, their_trials))
    if trials < 1:
        return _interval(ours, (math.nan, 0.0, math.inf), 0)
    a, b = ours.value * our_trials + 0.5, theirs.value * their_trials + 0.5
    n, m = our_trials + 0.5, their_trials + 0.5
    half = t_quantile((1 + CONFIDENCE) / 2, _MANY) * math.sqrt(max(0.0, 1 / a - 1 / n + 1 / b - 1 / m))
    ratio = (a / n) / (b / m)
    return _interval(ours, (ratio, ratio * math.exp(-half), ratio * math.exp(half)), trials)


def count_ratio(ours: Interval, theirs: Interval) -> Interval:
    """`ours` / `theirs`, two counts of events in equally many windows, pooled.

    The interval is that of two Poisson counts: the logarithm of their ratio has the variance 1/a + 1/b, with
    half an event added on both sides (as `proportion_ratio`). Unbounded when nothing happened on either side.
    """
    if ours.value <= 0 and theirs.value <= 0:
        return _interval(ours, (math.nan, 0.0, math.inf), 0)
    a, b = ours.value + 0.5, theirs.value + 0.5
    half = t_quantile((1 + CONFIDENCE) / 2, _MANY) * math.sqrt(1 / a + 1 / b)
    return _interval(ours, (a / b, a / b * math.exp(-half), a / b * math.exp(half)), int(theirs.value))


def _interval(ours: Interval, bounds: Bounds, n: int) -> Interval:
    source = f"counts of all windows: {ours.source}"
    return Interval(f"{ours.name} (compared)", *bounds, Unit.RATIO, ours.window, source, n)
