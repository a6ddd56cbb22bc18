"""When a reading is elsewhere than it was."""

import pytest

from drillyard.measure.reading import Unit
from drillyard.measure.shift import shifted


@pytest.mark.parametrize(
    ("was", "now", "way", "unit", "is_so"),
    [
        (26.0, 72.0, "up", Unit.MILLISECONDS, True),
        (26.0, 62.0, "up", Unit.MILLISECONDS, False),  # seen with another drill beside it
        (1.0, 5.0, "up", Unit.MILLISECONDS, False),
        (0.3, 0.9, "up", Unit.SECONDS, False),
        (0.29, 0.44, "up", Unit.CORES, False),
        (0.16, 0.54, "up", Unit.CORES, True),
        (10.0, 20.0, "down", Unit.MILLISECONDS, False),
        (100.0, 50.0, "down", Unit.COUNT, True),
        (0.0, 0.4, "up", Unit.COUNT, False),
        (0.0, 1.0, "up", Unit.COUNT, True),
        (2.0, 1.0, "down", Unit.COUNT, True),
        (2500.0, 3900.0, "up", Unit.COUNT, True),
        (0.99, 0.85, "down", Unit.RATIO, True),
        (0.99, 0.92, "down", Unit.RATIO, False),
        (0.0, 2.0, "up", None, True),
    ],
)
def test_noise_is_no_shift(was: float, now: float, way: str, unit: Unit | None, is_so: bool) -> None:
    assert shifted(was, now, way, unit) is is_so  # type: ignore[arg-type]  # one of the two words


def test_what_happens_now_and_then_happens_a_little_more_often() -> None:
    assert shifted(1.0, 2.0, "up", Unit.COUNT)
    assert not shifted(1.0, 2.0, "up", Unit.COUNT, chance=1)
    assert shifted(2.0, 7.0, "up", Unit.COUNT, chance=1)
    assert shifted(7.0, 3.0, "down", Unit.COUNT)
    assert not shifted(7.0, 3.0, "down", Unit.COUNT, chance=1)
    assert not shifted(2.9, 0.0, "down", Unit.COUNT, chance=1)
    assert shifted(7.0, 0.0, "down", Unit.COUNT, chance=1)  # it stands still


def test_more_may_be_asked_for() -> None:
    assert shifted(26.0, 100.0, "up", Unit.MILLISECONDS)
    assert not shifted(26.0, 100.0, "up", Unit.MILLISECONDS, times=2.0)
