import pytest

from drillyard.assess.shape import ALL, FULL, MEASURE, QUICK, SHAPES, SHORTEST_S, START_S, TURN_S
from drillyard.measure.paired import MIN_PAIRS


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("subjects", [1, 2, 3])
def test_what_is_promised_can_be_kept(shape, subjects):
    fitted = shape.fitted(subjects, reserve_s=5)
    assert fitted.rounds >= MIN_PAIRS
    assert fitted.window_s >= SHORTEST_S
    start_s = START_S * (subjects - 1)
    if (shape, subjects) != (MEASURE, 3):
        assert start_s + fitted.throughput_only_with(False).seconds(subjects) + 3 <= shape.limit_s + 0.1


def test_a_submission_with_the_search_for_throughput_stays_under_six_minutes():
    assert FULL.seconds(3) < 300


def test_the_search_for_throughput_belongs_to_submissions_only():
    assert QUICK.throughput_only_with(True).steps == 0
    assert FULL.throughput_only_with(False).steps == 0
    assert FULL.throughput_only_with(True).steps > 0


@pytest.mark.parametrize("shape", [QUICK, MEASURE], ids=["quick", "measure"])
def test_a_slow_start_takes_its_time_from_the_windows_and_a_quick_one_gives_none(shape):
    usual = shape.fitted(2)
    assert shape.fitted(2, spent_s=0.5) == usual
    late = shape.fitted(2, spent_s=START_S + 6)
    assert SHORTEST_S <= late.window_s < usual.window_s


def test_leaving_the_search_for_throughput_out_changes_nothing_else():
    without = FULL.throughput_only_with(False)
    assert (without.spare_rounds, without.patience_s) == (FULL.spare_rounds, FULL.patience_s)
    assert MEASURE.throughput_only_with(False) == MEASURE


def test_a_check_of_every_task_has_time_for_three_subjects_that_hardly_answer() -> None:
    fitted = ALL.fitted(3)
    slow_s = 3 * (fitted.warm_s + MIN_PAIRS * (fitted.window_s + ALL.patience_s + TURN_S))
    assert fitted.window_s == ALL.window_s
    assert START_S * 2 + slow_s <= ALL.limit_s
