"""The interval of a share that was counted."""

import math

from drillyard.measure.student import t_quantile

_MANY = 10_000
"""Degrees of freedom at which Student's t is the normal distribution."""


def wilson(share: float, trials: float, confidence: float) -> tuple[float, float]:
    """Low and high of a share of counted trials (Wilson, JASA 22, 1927); 0 and 1 when there was none."""
    if trials <= 0:
        return 0.0, 1.0
    z = t_quantile((1 + confidence) / 2, _MANY)
    middle = share + z * z / (2 * trials)
    half = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    whole = 1 + z * z / trials
    return max(0.0, (middle - half) / whole), min(1.0, (middle + half) / whole)
