from dataclasses import replace

import pytest

from drillyard.assess.check import AT_END, ONCE, Check, Evidence, Need, Status, held_for, hold
from drillyard.assess.judge import run_check
from drillyard.assess.measurement import LoadWindow
from drillyard.assess.moments import Passed
from drillyard.assess.shape import QUICK, SHORTEST_S, TURN_S
from drillyard.assess.verdicts import never_above
from drillyard.measure.reading import Window


def judge(m):
    return never_above(m.learner["queue.depth_max"], 10, what="Depth")


def a_check(when):
    return Check("depth", "t", "The queue stays short", frozenset({Need.LEARNER}), True, judge, when=when)


@pytest.fixture
def every_two_seconds(make_measurement):
    def make(*values):
        m = make_measurement({"learner": {"queue.depth_max": values}})
        moved = [_at(window, 2.0 * number) for number, window in enumerate(m.windows)]
        return replace(m, windows=tuple(moved))

    return make


def _at(window: LoadWindow, start: float) -> LoadWindow:
    return replace(window, window=Window(start, start + 2.0))


def test_what_passed_once_still_counts_when_once_is_enough(every_two_seconds):
    now, before = every_two_seconds(50.0, 50.0), {"depth": Passed(1.0, (Evidence("Depth: 3", Status.PASS),))}
    assert run_check(a_check(AT_END), now, before).verdict.status is Status.FAIL
    assert run_check(a_check(ONCE), now).verdict.status is Status.FAIL
    assert run_check(a_check(ONCE), now, {"other": Passed(1.0)}).verdict.status is Status.FAIL
    remembered = run_check(a_check(ONCE), now, before).verdict
    assert remembered.status is Status.PASS
    assert remembered.evidence[0].what == "Depth: 3"
    assert "earlier" in remembered.reason


def test_what_has_to_hold_is_judged_window_by_window(every_two_seconds):
    good = every_two_seconds(1.0, 2.0, 3.0, 4.0, 5.0)
    assert run_check(a_check(hold(8)), good).verdict.status is Status.PASS
    broken = every_two_seconds(1.0, 2.0, 30.0, 4.0, 5.0)
    averaged = replace(a_check(hold(8)), judge=lambda m: never_above(m.learner["queue.depth_max"], 10))
    assert run_check(replace(averaged, when=AT_END), broken).verdict.status is Status.PASS
    verdict = run_check(averaged, broken).verdict
    assert verdict.status is Status.FAIL
    assert any("6 s before the end" in item.what for item in verdict.evidence)


def test_a_break_before_the_time_that_is_asked_for_is_forgiven(every_two_seconds):
    recovered = every_two_seconds(19.0, 2.0, 3.0, 4.0, 5.0, 5.0)
    assert run_check(a_check(hold(10)), recovered).verdict.status is Status.PASS
    assert run_check(a_check(hold(11)), recovered).verdict.status is Status.FAIL


def test_a_measurement_that_is_too_short_proves_no_holding(every_two_seconds):
    verdict = run_check(a_check(hold(20)), every_two_seconds(1.0, 2.0, 3.0)).verdict
    assert verdict.status is Status.INCONCLUSIVE
    assert "6 s were measured" in verdict.reason


def test_a_window_of_which_nobody_knows_is_a_hole(every_two_seconds):
    m = every_two_seconds(1.0, 2.0, 3.0, 4.0, 5.0)
    holed = replace(m, windows=(*m.windows[:2], replace(m.windows[2], readings={}), *m.windows[3:]))
    assert run_check(a_check(hold(8)), holed).verdict.status is Status.INCONCLUSIVE


def test_what_fails_as_a_whole_need_not_be_looked_at_in_parts(every_two_seconds):
    assert run_check(a_check(hold(2)), every_two_seconds(50.0, 50.0, 5.0)).verdict.status is Status.FAIL


@pytest.mark.parametrize("subjects", [1, 2, 3])
@pytest.mark.parametrize("seconds", [0.0, 5.0, 20.0, 60.0])
def test_rounds_span_the_time_that_is_asked_for_even_with_the_shortest_windows(subjects, seconds):
    shape = QUICK.covering(seconds, subjects)
    for spent_s in (0.0, shape.limit_s):
        rounds = shape.fitted(subjects, spent_s=spent_s).rounds
        assert (rounds - 1) * subjects * (SHORTEST_S + TURN_S) + SHORTEST_S >= seconds
    assert (shape == QUICK) == (not seconds or shape.least_rounds == QUICK.least_rounds)


def test_moments_say_what_they_are():
    assert [str(each) for each in (AT_END, ONCE, hold(20))] == [
        "still true at the end",
        "once",
        "held for 20 s",
    ]
    assert held_for([a_check(AT_END), a_check(hold(5)), a_check(hold(20))]) == 20
