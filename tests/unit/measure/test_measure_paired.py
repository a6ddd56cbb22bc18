import math

import numpy as np
import pytest

from drillyard.measure.paired import (
    MIN_PAIRS,
    Interval,
    coefficient_of_variation,
    paired_ratio,
    rounds_needed,
    weighted_mean,
)
from drillyard.measure.reading import Unit, Window
from drillyard.measure.student import t_quantile

# NIST/SEMATECH e-Handbook, 1.3.6.7.2, upper critical values of Student's t
TABLE = [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (5, 2.571), (9, 2.262), (30, 2.042), (100, 1.984)]


@pytest.mark.parametrize(("freedom", "expected"), TABLE)
def test_student_quantiles_agree_with_the_published_table(freedom, expected):
    assert t_quantile(0.975, freedom) == pytest.approx(expected, abs=5e-4)


def test_the_point_is_the_geometric_mean_of_the_paired_ratios():
    point, low, high = paired_ratio([1, 2, 4, 8], [1, 1, 1, 1])
    assert point == pytest.approx(8**0.5)
    assert low < point < high


def test_swapping_the_subjects_inverts_the_interval():
    a, b = [1.0, 2.0, 1.5, 1.7], [2.0, 2.5, 2.2, 2.0]
    there, back = paired_ratio(a, b), paired_ratio(b, a)
    assert there[1] == pytest.approx(1 / back[2])
    assert there[2] == pytest.approx(1 / back[1])


def test_drift_that_both_subjects_share_does_not_widen_the_interval():
    drift = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    point, low, high = paired_ratio(list(drift * 1.5), list(drift))
    assert (low, high) == pytest.approx((1.5, 1.5))
    assert point == pytest.approx(1.5)


def test_too_few_pairs_bound_nothing():
    _, low, high = paired_ratio([1.0] * (MIN_PAIRS - 1), [1.0] * (MIN_PAIRS - 1))
    assert (low, high) == (0.0, math.inf)


def test_pairs_that_are_no_numbers_are_left_out():
    point, _, _ = paired_ratio([1, 1, 1, 1, math.nan], [2, 2, 2, 2, 5])
    assert point == pytest.approx(0.5)


def test_zeros_have_ratios_too():
    assert paired_ratio([0.0] * 5, [0.2] * 5) == (0.0, 0.0, 0.0)
    assert paired_ratio([0.0] * 5, [0.0] * 5) == (1.0, 1.0, 1.0)
    assert paired_ratio([0.3] * 5, [0.0] * 5) == (math.inf, math.inf, math.inf)
    point, low, high = paired_ratio([0, 1, 2, 1, 1], [2, 2, 2, 2, 2])
    assert point == pytest.approx(0.5)
    assert 0 <= low < point < high


def test_a_few_events_and_none_prove_no_ratio():
    point, low, high = paired_ratio([0, 1, 0, 0], [0, 0, 0, 0])
    assert (point, high) == (math.inf, math.inf)
    assert low < 1
    assert paired_ratio([0, 0, 0, 0], [0, 0, 1, 0])[2] > 1
    assert paired_ratio([9, 8, 9, 10], [0, 0, 0, 0])[1] > 6
    assert paired_ratio([0, 0, 0, 0], [9, 8, 9, 10])[2] < 0.2
    assert paired_ratio([1], [0]) == (math.inf, 0.0, math.inf)


def test_the_true_ratio_lies_in_19_of_20_intervals():
    rng = np.random.default_rng(1)
    inside = 0
    for _ in range(1000):
        a, b = np.exp(rng.normal(0.2, 0.1, 6)), np.exp(rng.normal(0.0, 0.1, 6))
        _, low, high = paired_ratio(list(a), list(b))
        inside += low <= math.exp(0.2) <= high
    assert 930 <= inside <= 970


def test_the_interval_of_a_weighted_mean_covers_it():
    rng = np.random.default_rng(2)
    inside = 0
    for _ in range(1000):
        looks = rng.integers(200, 400, 6)
        hits = rng.binomial(looks, 0.8)
        _, low, high = weighted_mean(list(hits / looks), list(looks))
        inside += low <= 0.8 <= high
    assert inside >= 930


def test_one_window_has_no_interval():
    assert weighted_mean([0.5], [10]) == (0.5, -math.inf, math.inf)
    assert math.isnan(weighted_mean([0.5], [0])[0])


def test_coefficient_of_variation():
    assert coefficient_of_variation([9, 10, 11]) == pytest.approx(0.1)
    assert math.isnan(coefficient_of_variation([1]))


def test_more_noise_needs_more_rounds():
    assert rounds_needed(0.01, 0.05) == MIN_PAIRS
    assert rounds_needed(0.05, 0.05) < rounds_needed(0.1, 0.05)
    assert rounds_needed(10, 0.01) == 1000


def test_an_interval_says_where_it_lies():
    found = Interval("x", 1.5, 1.2, 1.8, Unit.RATIO, Window(0, 1), "s", 5)
    assert found.wholly_outside(0.95, 1.05)
    assert found.wholly_within(1, 2)
    assert found.relative_width == pytest.approx(0.4)
