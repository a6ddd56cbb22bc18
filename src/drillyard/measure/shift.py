"""Whether a reading is elsewhere than it was: by more than noise is on a small machine under load."""

import math
from typing import Literal

from drillyard.measure.reading import TIME_LIKE, Unit

FACTOR = 1.3
FACTORS = {**dict.fromkeys(TIME_LIKE, 2.5), Unit.CORES: 2.0}
"""Where it is more: whatever else is done on the machine makes everything take longer. With another drill
beside it, medians of ten seconds were up to 2.4 times those before, and CPU 1.5 times.
"""
SHARE = 0.1
"""Shares are elsewhere when they differ by so much."""
CHANCE = 3.0
"""So many standard deviations more of what happens now and then (Poisson: roots of the count) are chance."""
FLOORS = {
    Unit.COUNT: 0.5,
    Unit.MILLISECONDS: 5.0,
    Unit.SECONDS: 1.0,
    Unit.CORES: 0.05,
    Unit.BYTES: 256 * 1024,
}
"""What is less than this is nothing; a queue that is worked on was 0.6 s old, beside another drill."""


def shifted(
    was: float,
    now: float,
    way: Literal["up", "down"],
    unit: Unit | None,
    *,
    times: float = 1.0,
    chance: float = 0.0,
) -> bool:
    """Whether `now` lies on that side of `was`: by `times` its unit's factor and more than nothing, shares by
    `SHARE`. With `chance` by more, too, than what happens now and then would by itself: it is what the root
    of such a count is multiplied by, 1 for a count as it is, more for one that was scaled up (of what is no
    count, the root of its value is a rule of thumb).
    """
    if unit is Unit.RATIO:
        return (now - was if way == "up" else was - now) > SHARE
    floor, usual = (1.0, FACTOR) if unit is None else (FLOORS.get(unit, 1.0), FACTORS.get(unit, FACTOR))
    factor = times * usual
    if way == "up":
        by_chance = was + CHANCE * chance * math.sqrt(max(0.0, was))
        return now > max(factor * was, by_chance) + floor
    least = now + CHANCE * chance * math.sqrt(max(1.0, now))
    return now < (was - floor) / factor and least < was
