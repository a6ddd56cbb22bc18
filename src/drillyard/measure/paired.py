"""Intervals: of one reading over windows, and of the ratio of two subjects measured in alternating windows.

Every comparison of seconds in Drillyard is a *paired ratio*: round i gives one value of each subject,
measured within seconds of each other, and the ratio of the two cancels whatever the machine was doing then.

Formula: Student's t interval on the logarithms of the paired ratios, transformed back, so that the point is
their geometric mean. Why this one among five, on recorded windows: docs/decisions/0010-paired-intervals.md,
measured by `benchmarks/verdicts.py`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drillyard.measure.reading import Unit, Window
from drillyard.measure.student import t_quantile
from drillyard.measure.wilson import wilson

CONFIDENCE = 0.95
"""Two-sided confidence of every interval that is shown or judged by."""

MIN_PAIRS = 4
"""Fewer pairs than this give no interval (it would be infinitely wide): the answer is inconclusive."""

Array = NDArray[np.float64]
Bounds = tuple[float, float, float]
"""Point, low, high."""


@dataclass(frozen=True)
class Interval:
    """A value with the interval that it lies in, as far as the windows tell.

    `n` is how many windows (or pairs of windows) stand behind it; an unbounded interval (`low` 0 or -inf,
    `high` inf) means that they were too few. `unit` is RATIO for a comparison of two subjects.
    """

    name: str
    value: float
    low: float
    high: float
    unit: Unit
    window: Window
    source: str
    n: int
    confidence: float = CONFIDENCE

    @property
    def relative_width(self) -> float:
        """Width of the interval as a share of the value; inf when it is unbounded or the value is 0."""
        if math.isinf(self.high) or self.value == 0:
            return 0.0 if self.low == self.high else math.inf
        return (self.high - self.low) / abs(self.value)

    def wholly_within(self, low: float, high: float) -> bool:
        """Whether no value of the interval lies outside `low`..`high`."""
        return low <= self.low and self.high <= high

    def wholly_outside(self, low: float, high: float) -> bool:
        """Whether no value of the interval lies inside `low`..`high`."""
        return self.high < low or self.low > high


def log_t(logs: Array, confidence: float) -> Bounds:
    """Student's t interval of the mean of `logs`, as ratios."""
    mean = float(logs.mean())
    half = t_quantile((1 + confidence) / 2, logs.size - 1) * float(logs.std(ddof=1)) / math.sqrt(logs.size)
    return math.exp(mean), math.exp(mean - half), math.exp(mean + half)


def paired_ratio(a: Sequence[float], b: Sequence[float], *, confidence: float = CONFIDENCE) -> Bounds:
    """Point, low and high of a/b, where `a[i]` and `b[i]` were measured side by side in round i.

    Values are finite and not negative; pairs that are not finite are left out. With fewer than `MIN_PAIRS`
    pairs the interval is unbounded: (point, 0, inf). Where a zero forbids logarithms, it is the interval of
    the ratio of means (Cochran 1977, section 6.3). Counts on one side and none on the other have the interval
    of two Poisson totals, because a few events prove little. Two series of zeros are equal: (1, 1, 1).
    """
    pairs = [(x, y) for x, y in zip(a, b, strict=True) if math.isfinite(x) and math.isfinite(y)]
    if not pairs:
        return math.nan, 0.0, math.inf
    x, y = np.array(pairs, dtype=np.float64).T
    if not x.any() and not y.any():
        return 1.0, 1.0, 1.0
    positive = bool((x > 0).all() and (y > 0).all())
    if x.size < MIN_PAIRS:
        return _point(x, y, positive=positive), 0.0, math.inf
    if positive:
        return log_t(np.log(x / y), confidence)
    if x.any() and y.any():
        return _ratio_of_means(x, y, confidence)
    return _something_and_nothing(x, y, confidence)


def _point(x: Array, y: Array, *, positive: bool) -> float:
    if positive:
        return float(np.exp(np.log(x / y).mean()))
    return float(x.mean() / y.mean()) if y.any() else math.inf


def _something_and_nothing(x: Array, y: Array, confidence: float) -> Bounds:
    """The ratio where one side is zero throughout. For counts: of the events of both together, x's share is
    binomial (Przyborowski and Wilenski, Biometrika 31, 1940).
    """
    counted = not (x % 1).any() and not (y % 1).any()
    if x.any():
        low, _ = wilson(1.0, float(x.sum()), confidence)
        return math.inf, low / (1 - low) if counted else math.inf, math.inf
    _, high = wilson(0.0, float(y.sum()), confidence)
    return 0.0, 0.0, high / (1 - high) if counted else 0.0


def _ratio_of_means(x: Array, y: Array, confidence: float) -> Bounds:
    point = float(x.mean() / y.mean())
    error = float((x - point * y).std(ddof=1)) / (float(y.mean()) * math.sqrt(x.size))
    half = t_quantile((1 + confidence) / 2, x.size - 1) * error
    return point, max(0.0, point - half), point + half


def weighted_mean(
    values: Sequence[float], weights: Sequence[float], *, confidence: float = CONFIDENCE
) -> Bounds:
    """Point, low and high of a mean over windows, each weighted (a ratio of sums).

    The interval is that of the ratio estimator with windows as clusters (Cochran, Sampling Techniques, 3rd
    ed. 1977, section 6.3) with Student's t for the few windows there are. One window alone has no spread:
    its interval is unbounded.
    """
    x, w = np.asarray(values, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    total = float(w.sum())
    if total <= 0:
        return math.nan, -math.inf, math.inf
    point = float((x * w).sum()) / total
    if x.size < 2:
        return point, -math.inf, math.inf
    residuals = w * (x - point)
    error = math.sqrt(float((residuals**2).sum()) * x.size / (x.size - 1)) / total
    half = t_quantile((1 + confidence) / 2, x.size - 1) * error
    return point, point - half, point + half


def coefficient_of_variation(values: Sequence[float]) -> float:
    """Standard deviation over mean (0.035 is 3.5 %); NaN for fewer than two values or a zero mean."""
    x = np.asarray(values, dtype=np.float64)
    return float(x.std(ddof=1) / abs(x.mean())) if x.size > 1 and x.mean() != 0 else math.nan


def rounds_needed(log_ratios_sd: float, half_width: float, *, confidence: float = CONFIDENCE) -> int:
    """How many rounds make the interval of a paired ratio at most +-`half_width` (0.05 is 5 %) wide.

    Solved by iteration because Student's t depends on the number of rounds itself; at most 1,000.
    """
    target = math.log1p(half_width)
    for n in range(MIN_PAIRS, 1_000):
        if t_quantile((1 + confidence) / 2, n - 1) * log_ratios_sd / math.sqrt(n) <= target:
            return n
    return 1_000
