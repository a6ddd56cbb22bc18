import pytest

from drillyard.assess.shape import FULL, MEASURE, QUICK, SHAPES, SHORTEST_S, START_S
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
