import math
from dataclasses import replace

from drillyard.assess.check import Status, Verdict, all_of, any_of, inconclusive
from drillyard.assess.measurement import Capacity
from drillyard.assess.verdicts import (
    at_least,
    at_most,
    between,
    capacity_ratio_at_least,
    counts_at_least,
    never_above,
    no_worse,
)
from drillyard.measure.paired import Interval
from drillyard.measure.reading import Unit, Window


def interval(value: float, low: float, high: float) -> Interval:
    return Interval("x", value, low, high, Unit.RATIO, Window(0, 1), "a test", 5)


def test_passes_only_with_the_whole_interval_inside():
    assert at_least(interval(0.9, 0.8, 1.0), 0.8).status is Status.PASS
    assert at_least(interval(0.9, 0.79, 1.0), 0.8).status is Status.INCONCLUSIVE
    assert at_most(interval(0.5, 0.4, 0.6), 0.6).status is Status.PASS


def test_fails_only_with_the_whole_interval_outside():
    assert at_least(interval(0.5, 0.4, 0.79), 0.8).status is Status.FAIL
    assert at_most(interval(0.9, 0.61, 1.0), 0.6).status is Status.FAIL
    assert between(interval(3, 2.5, 3.5), 1, 2).status is Status.FAIL


def test_too_few_windows_are_inconclusive_and_say_so():
    verdict = at_most(interval(0.1, 0, math.inf), 0.5)
    assert verdict.status is Status.INCONCLUSIVE
    assert "too few" in verdict.reason


def test_a_bound_inside_the_interval_is_said_with_what_it_rests_on():
    reason = at_least(interval(0.9, 0.79, 1.0), 0.8).reason
    assert reason.startswith("the bound is inside 0.79 to 1 (of 5 observations)")


def test_nothing_measured_is_inconclusive():
    assert at_least(interval(math.nan, math.nan, math.nan), 1).status is Status.INCONCLUSIVE


def test_doubt_about_a_regression_counts_for_the_learner():
    assert no_worse(interval(1.1, 1.04, 1.2)).status is Status.PASS
    assert no_worse(interval(1.2, 1.06, 1.3)).status is Status.FAIL


def test_a_worst_case_is_what_was_seen():
    assert never_above(interval(3, 3, 3), 3).status is Status.PASS
    assert never_above(interval(4, 4, 4), 3).status is Status.FAIL


def test_counts_pass_by_their_point_and_fail_only_when_wholly_below():
    assert counts_at_least(interval(0.8, 0.3, 2.0), 0.75).status is Status.PASS
    assert counts_at_least(interval(0.7, 0.3, 2.0), 0.75).status is Status.INCONCLUSIVE
    assert counts_at_least(interval(0.3, 0.2, 0.5), 0.75).status is Status.FAIL


def test_evidence_carries_value_bound_source_and_where_to_look():
    item = at_least(interval(0.9, 0.8, 1.0), 0.8, what="Hits", look_next="INFO stats").evidence[0]
    assert (item.what, item.value, item.threshold, item.unit) == ("Hits", 0.9, "at least 0.8", "ratio")
    assert item.source == "a test"
    assert item.look_next == "INFO stats"


def test_all_of_lets_a_failure_win_and_keeps_the_evidence():
    good, bad = Verdict(Status.PASS), Verdict(Status.FAIL, reason="slow")
    assert all_of(good, bad, inconclusive("?")).status is Status.FAIL
    assert all_of(good, inconclusive("?")).status is Status.INCONCLUSIVE
    assert all_of(good, good).status is Status.PASS
    assert all_of().status is Status.INCONCLUSIVE


def test_any_of_lets_a_pass_win():
    good, bad = Verdict(Status.PASS), Verdict(Status.FAIL)
    assert any_of(good, bad).status is Status.PASS
    assert any_of(bad, inconclusive("?")).status is Status.INCONCLUSIVE
    assert any_of(bad, bad).status is Status.FAIL


def test_throughput_is_compared_by_the_ends_of_both_brackets(make_measurement):
    m = make_measurement({"learner": {"x": [1]}})
    fast, slow = Capacity(200, 240, "p95"), Capacity(100, 120, "p95")
    m = replace(m, capacities={"learner": fast, "twin": slow})
    assert capacity_ratio_at_least(m, "learner", "twin", 1.6).status is Status.PASS
    assert capacity_ratio_at_least(m, "learner", "twin", 2.5).status is Status.FAIL
    assert capacity_ratio_at_least(m, "learner", "twin", 2.0).status is Status.INCONCLUSIVE


def test_a_throughput_that_was_measured_in_trouble_is_inconclusive(make_measurement):
    m = make_measurement({"learner": {"x": [1]}})
    starved = Capacity(200, 240, "p95", troubles=("the machine was starved",))
    m = replace(m, capacities={"learner": starved, "twin": Capacity(10, 12, "p95")})
    verdict = capacity_ratio_at_least(m, "learner", "twin", 1.6)
    assert verdict.status is Status.INCONCLUSIVE
    assert "starved" in verdict.reason


def test_what_has_no_interval_is_neither_worse_nor_no_worse():
    for verdict in (
        no_worse(interval(math.nan, 0, math.inf)),
        no_worse(interval(1, 0, math.inf)),
        never_above(interval(math.nan, math.nan, math.nan), 5),
    ):
        assert verdict.status is Status.INCONCLUSIVE
