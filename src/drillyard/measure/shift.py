"""Whether a reading is elsewhere than it was: by more than noise is on a small machine under load."""

from typing import Literal

from drillyard.measure.reading import Unit

FACTOR = 1.3
SHARE = 0.1
"""Shares are elsewhere when they differ by so much."""
FLOORS = {
    Unit.COUNT: 0.5,
    Unit.MILLISECONDS: 5.0,
    Unit.SECONDS: 0.5,
    Unit.CORES: 0.05,
    Unit.BYTES: 256 * 1024,
}
"""What is less than this is nothing."""


def shifted(was: float, now: float, way: Literal["up", "down"], unit: Unit | None) -> bool:
    """Whether `now` lies on that side of `was`, by `FACTOR` and more than nothing (shares: by `SHARE`)."""
    if unit is Unit.RATIO:
        return (now - was if way == "up" else was - now) > SHARE
    floor = 1.0 if unit is None else FLOORS.get(unit, 1.0)
    if way == "up":
        return now > FACTOR * was + floor
    return now < was / FACTOR - floor / FACTOR
