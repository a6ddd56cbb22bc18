import random

import pytest

from drillyard.measure.paired import Interval
from drillyard.measure.proportions import count_ratio, proportion_ratio
from drillyard.measure.reading import Unit, Window


def share(value: float) -> Interval:
    return Interval("r", value, value, value, Unit.RATIO, Window(0, 1), "counted", 1)


def test_equal_shares_of_many_trials_have_a_narrow_interval_around_one() -> None:
    found = proportion_ratio(share(0.5), 2000, share(0.5), 2000)
    assert found.value == pytest.approx(1, abs=0.001)
    assert 0.9 < found.low < 1 < found.high < 1.1


def test_no_success_at_all_is_told_from_some() -> None:
    assert proportion_ratio(share(0.0), 130, share(0.25), 130).high < 0.4


def test_without_trials_nothing_is_said() -> None:
    found = proportion_ratio(share(0.0), 0, share(0.5), 100)
    assert (found.low, found.high) == (0.0, float("inf"))


def test_counts_of_equals_are_near_one_and_a_few_prove_little() -> None:
    found = count_ratio(share(25), share(25))
    assert found.value == pytest.approx(1)
    assert found.low < 0.7
    assert count_ratio(share(0), share(25)).high < 0.4
    assert count_ratio(share(0), share(0)).high == float("inf")


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    rng = random.Random(3)

    def drawn() -> Interval:
        return share(sum(rng.random() < 0.3 for _ in range(200)) / 200)

    held = sum(
        (found := proportion_ratio(drawn(), 200, drawn(), 200)).low <= 1 <= found.high for _ in range(400)
    )
    assert 0.91 <= held / 400 <= 0.99
