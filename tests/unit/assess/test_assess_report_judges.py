"""The arithmetic of reports, without a shop."""

import math

import pytest

from drillyard.assess.report_judges import _first, _near, _said, _shared

TRUE = {"a": (100.0, 0.0), "b": (50.0, 0.0), "c": (10.0, 0.0)}
"""By key: a figure, and how much of it is recent."""


def test_a_report_that_says_the_same_agrees() -> None:
    assert _shared({"a": 100.0, "b": 50.0, "c": 10.0}, TRUE, 0) == 1.0
    assert _shared({}, {}, 0) == 1.0


def test_what_is_recent_may_be_missing_where_it_is_recent_and_nowhere_else() -> None:
    young = {"a": (100.0, 30.0), "b": (50.0, 0.0)}
    assert _shared({"a": 70.0, "b": 50.0}, young, 0) == 1.0
    assert _shared({"a": 100.0, "b": 20.0}, young, 0) < 0.9


def test_a_few_large_figures_do_not_stand_for_all() -> None:
    days = {f"day {number}": (10.0, 0.0) for number in range(29)}
    assert _shared({"giant": 200_000.0}, {**days, "giant": (200_000.0, 0.0)}, 0) < 0.1
    recent = {**days, "giant": (200_000.0, 200_000.0)}
    assert _shared({}, recent, 0) < 0.1


def test_the_right_sum_in_the_wrong_place_does_not_agree() -> None:
    assert _shared({"a": 160.0}, TRUE, 0) < 0.7
    assert _shared({"a": 100.0, "b": 50.0, "c": 10.0, "d": 160.0}, TRUE, 0) < 0.9


@pytest.mark.parametrize("figure", ["NaN", math.nan, math.inf, -1.0])
def test_what_is_no_amount_is_no_figure(figure: object) -> None:
    with pytest.raises(ValueError, match="no amount"):
        _said([{"id": 1, "units": figure}], lambda row: row["id"], "units")


def test_the_first_of_a_list_are_those_with_the_right_figures() -> None:
    found = {number: (float(number), 5.0, 0.0) for number in range(20)}
    assert _first(dict.fromkeys(range(3), 5.0), found, 3, 0) == 1.0
    assert _first(dict.fromkeys(range(3), 2.0), found, 3, 0) < 0.5
    assert _first(dict.fromkeys(range(17, 20), 5.0), found, 3, 0) == 0.0
    assert _first(dict.fromkeys(range(2), 5.0), found, 3, 0) < 0.9
    assert _first({}, {}, 3, 0) == 1.0
    assert _first({1: 1.0}, {}, 3, 0) == 0.0


def test_an_entry_that_exists_only_lately_may_be_missing() -> None:
    found = {1: (1.0, 5.0, 0.0), 2: (2.0, 4.0, 4.0), 3: (3.0, 1.0, 1.0)}
    assert _first({1: 5.0}, found, 50, 0) == 1.0
    assert _first({2: 4.0}, found, 50, 0) == 1.0
    assert _first({}, found, 50, 0) == 0.0


def test_a_mean_is_near_when_it_was_rounded() -> None:
    assert _near("3.67", 3.6666667)
    assert not _near(3.5, 3.6666667)
    assert _near(None, None)
    assert not _near(None, 3.0)
    assert not _near(3.0, None)
