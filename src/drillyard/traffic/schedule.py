"""When requests are planned: Poisson arrivals under a load profile, drawn ahead of time.

A Poisson process of rate r(t) is a unit-rate process on the axis of the cumulative rate R(t) = integral of
r, mapped back through the inverse of R (time-scale transformation: Cinlar, "Introduction to Stochastic
Processes", 1975, 4.7). Every profile is a curve of straight pieces, so that R is quadratic in each piece and
its inverse exact.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from drillyard.traffic.plan import Constant, DayCurve, Profile, Ramp, Spike, Step

Floats = NDArray[np.float64]

DAY_PIECES = 288
"""Straight pieces of a day curve: one for every five minutes of the day."""
EVENING_PEAK = 20 / 24
"""Where in the day the peak lies."""
_BLOCK = 4096


@dataclass(frozen=True)
class RateCurve:
    """A rate over time in straight pieces: from `times[i]` to `times[i+1]` it goes from `left[i]` to
    `right[i]`.
    """

    times: Floats
    left: Floats
    right: Floats

    @classmethod
    def of(cls, profile: Profile, duration_s: float) -> Self:
        """The curve of a profile over `duration_s` seconds."""
        match profile:
            case Constant(rate=rate):
                return cls._pieces([0, duration_s], [rate], [rate])
            case Ramp(start=start, end=end):
                return cls._pieces([0, duration_s], [start], [end])
            case Step(rates=rates):
                return cls._pieces(np.linspace(0, duration_s, len(rates) + 1), rates, rates)
            case Spike(base=base, peak=peak, at_s=at_s, width_s=width_s):
                edges = [0, min(at_s, duration_s), min(at_s + width_s, duration_s), duration_s]
                return cls._pieces(edges, [base, peak, base], [base, peak, base])
            case DayCurve(trough=trough, peak=peak):
                day = np.linspace(0, 1, DAY_PIECES + 1)
                level = trough + (peak - trough) * (1 + np.cos(2 * np.pi * (day - EVENING_PEAK))) / 2
                return cls._pieces(day * duration_s, level[:-1], level[1:])

    @classmethod
    def _pieces(cls, times: object, left: object, right: object) -> Self:
        edges, starts, ends = (np.asarray(values, np.float64) for values in (times, left, right))
        real = np.diff(edges) > 0
        return cls(np.append(edges[:-1][real], edges[-1]), starts[real], ends[real])

    @property
    def end_s(self) -> float:
        """Where the curve ends."""
        return float(self.times[-1])

    @property
    def totals(self) -> Floats:
        """Cumulative rate at each of `times`: the expected number of requests so far."""
        return np.concatenate([[0.0], np.cumsum(np.diff(self.times) * (self.left + self.right) / 2)])

    def cumulative(self, t: Floats) -> Floats:
        """Expected number of requests before each of `t` seconds."""
        t = np.clip(t, 0, self.end_s)
        piece = np.clip(np.searchsorted(self.times, t, side="right") - 1, 0, self.left.size - 1)
        x = t - self.times[piece]
        slope = (self.right - self.left) / np.diff(self.times)
        return np.asarray(self.totals[piece] + x * (self.left[piece] + slope[piece] * x / 2))

    def invert(self, expected: Floats) -> Floats:
        """The time by which `expected` requests are expected; inf where that is beyond the curve's end."""
        totals = self.totals
        piece = np.clip(np.searchsorted(totals, expected, side="right") - 1, 0, self.left.size - 1)
        rest = expected - totals[piece]
        rate, width = self.left[piece], np.diff(self.times)[piece]
        slope = (self.right[piece] - rate) / width
        root = np.sqrt(np.maximum(rate * rate + 2 * slope * rest, 0))
        with np.errstate(divide="ignore", invalid="ignore"):
            x = np.where(rest > 0, 2 * rest / (rate + root), 0.0)
        times = np.minimum(self.times[piece] + np.minimum(x, width), self.end_s)
        return np.where(expected > totals[-1], np.inf, times)


class Arrivals:
    """The planned arrivals of one run, handed out in order and in bounded pieces.

    `scale` turns the profile's unit into arrivals (1 / requests a journey). The arrivals depend on the
    generator's seed and the profile alone, not on how they are fetched.
    """

    def __init__(
        self, profile: Profile, duration_s: float, rng: np.random.Generator, scale: float = 1.0
    ) -> None:
        self._curve = RateCurve.of(profile, duration_s)
        self._scale = scale
        self._rng = rng
        self._offset_s = 0.0
        self._position = 0.0
        self._drawn: Floats = np.empty(0)

    @property
    def peak_rate(self) -> float:
        """The highest rate of the curve, in arrivals a second."""
        return float(max(self._curve.left.max(), self._curve.right.max())) * self._scale

    def before(self, horizon_s: float) -> Floats:
        """The arrivals (seconds since the start) that lie before `horizon_s` and were not handed out yet."""
        goal = float(self._curve.cumulative(np.array([horizon_s - self._offset_s]))[0]) * self._scale
        while self._position < goal:
            block = self._position + np.cumsum(self._rng.exponential(size=_BLOCK))
            self._position = float(block[-1])
            self._drawn = np.concatenate([self._drawn, block])
        count = int(np.searchsorted(self._drawn, goal, side="left"))
        due, self._drawn = self._drawn[:count], self._drawn[count:]
        expected = np.minimum(due / self._scale, self._curve.totals[-1])
        return self._curve.invert(expected) + self._offset_s

    def change_rate(self, at_s: float, rate: float) -> None:
        """From `at_s` on send at a constant `rate` until the end; what was handed out already stands."""
        end_s = self._offset_s + self._curve.end_s
        self._curve = RateCurve.of(Constant(rate=rate), max(end_s - at_s, 1e-6))
        self._offset_s = at_s
        self._position, self._drawn = 0.0, np.empty(0)
