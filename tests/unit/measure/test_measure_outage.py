import numpy as np
import pytest

from drillyard.measure.outage import HELD_S, Outage, outage

RATE = 20


def requests(seconds: float, *away: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Requests every 1/RATE s that fail while the shop is away."""
    planned = np.arange(0, seconds, 1 / RATE)
    good = ~np.any([(planned >= start) & (planned < end) for start, end in away], axis=0)
    return planned, np.asarray(good)


def test_a_shop_that_was_away_is_back_with_the_first_good_request_of_a_held_stretch() -> None:
    planned, good = requests(60, (5, 20))
    found = outage(planned, good, since=0, until=60)
    assert found == Outage(began=5.0, ended=20.0, asked=300, failed=300, until=60)
    assert found.recovery_s == 15.0


@pytest.mark.parametrize("moment_s", [5, 30])
def test_service_between_two_crashes_is_no_recovery(moment_s: float) -> None:
    planned, good = requests(120, (5, 20), (20 + moment_s, 60))
    found = outage(planned, good, since=0, until=120)
    assert (found.began, found.ended) == (5.0, 60.0)
    assert found.asked - found.failed == moment_s * RATE


def test_a_shop_that_is_away_again_is_not_settled() -> None:
    planned, good = requests(120, (5, 20), (60, 120))
    found = outage(planned, good, since=0, until=120)
    assert found.recovery_s is None
    assert not found.settled(110)
    planned, good = requests(55, (5, 20))
    assert outage(planned, good, since=0, until=55).settled(40)


def test_one_failure_is_service_and_two_are_not() -> None:
    planned, good = requests(60, (5, 20))
    good[25 * RATE] = False
    assert outage(planned, good, since=0, until=60).ended == 20.0
    good[26 * RATE] = False
    assert outage(planned, good, since=0, until=60).ended == pytest.approx(25.05)


def test_of_very_many_requests_one_in_a_thousand_may_fail() -> None:
    rate = 300
    planned = np.arange(0, 60, 1 / rate)
    good = np.ones(planned.size, bool)
    good[[rate, 3 * rate, 4 * rate, 5 * rate]] = False
    assert outage(planned, good, since=0, until=60).recovery_s == pytest.approx(1 / rate)
    good[2 * rate] = False
    assert outage(planned, good, since=0, until=60).recovery_s == pytest.approx(1 + 1 / rate)


@pytest.mark.parametrize("until", [20.0, 20 + HELD_S - 0.1])
def test_service_that_has_not_held_yet_is_no_recovery(until: float) -> None:
    planned, good = requests(until, (5, 20))
    found = outage(planned, good, since=0, until=until)
    assert found.began == 5.0
    assert found.ended is None
    assert found.recovery_s is None


def test_a_shop_that_nobody_asks_is_not_back() -> None:
    planned, good = requests(60, (5, 20))
    few = planned < 20.2
    assert outage(planned[few], good[few], since=0, until=60).recovery_s is None


def test_what_no_customer_noticed_took_no_time() -> None:
    planned, good = requests(60, (0, 0))
    assert outage(planned, good, since=0, until=60) == Outage(None, None, 0, 0, until=60)
    assert outage(planned, good, since=0, until=60).recovery_s == 0.0


def test_that_all_is_well_is_known_only_after_a_while() -> None:
    planned, good = requests(60, (5, 20))
    assert not outage(planned, good, since=0, until=60).settled(50.5)
    assert outage(planned, good, since=0, until=60).settled(50.0)
    planned, good = requests(60, (0, 0))
    assert not outage(planned, good, since=0, until=60).settled(55.0)


def test_a_shop_that_comes_back_just_after_one_said_so_is_settled_too() -> None:
    planned, good = requests(60, (5, 20))
    assert outage(planned, good, since=0, until=30.1).settled(18)
    assert not outage(planned[planned < 29], good[planned < 29], since=0, until=29).settled(18)


def test_where_nobody_could_even_ask_nobody_was_served() -> None:
    planned, good = requests(60, (0, 0))
    late = planned >= 25
    found = outage(planned[late], good[late], since=2, until=60)
    assert (found.began, found.ended, found.failed) == (2, 25.0, 0)
    assert outage(planned[:0], good[:0], since=2, until=60).recovery_s is None
    assert outage(planned, good, since=2, until=60).recovery_s == 0.0
