"""A flaw's factor, and the name of what it moves."""

from math import inf

import pytest

from drillyard.scenario.flaw import Flaw, Strike, Trial, flaw
from drillyard.scenario.plant import Plant


def made(direction: str, **fields: object) -> Flaw:
    decorate = flaw(id="f", family="a", title="", moves="r.x", direction=direction, **fields)  # type: ignore[arg-type]  # of the right types
    return decorate(lambda _: None)


@pytest.mark.parametrize(
    ("direction", "without", "with_it", "factor"),
    [("up", 2.0, 6.0, 3.0), ("down", 0.9, 0.3, 3.0), ("up", 0.0, 4.0, inf), ("down", 1.0, 0.0, inf),
     ("up", 0.0, 0.0, 1.0), ("up", 6.0, 2.0, 1 / 3)],
)  # fmt: skip
def test_the_factor_says_how_much_better_a_range_without_it_is(
    direction: str, without: float, with_it: float, factor: float
) -> None:
    assert made(direction).factor(without=without, with_it=with_it) == pytest.approx(factor)


def test_a_flaw_with_a_trial_moves_its_reading_in_that() -> None:
    assert made("up").reading == "r.x"
    tried = made("up", trial=lambda rng: Trial((Strike("cache.flush"),), seconds=rng.randint(3, 3)))
    assert tried.reading == "trial.f.r.x"
    assert tried.plant(Plant.__new__(Plant)) is None
