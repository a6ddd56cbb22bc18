"""Arrivals follow their profile."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drillyard.traffic.plan import Constant, DayCurve, Profile, Ramp, Spike, Step
from drillyard.traffic.schedule import Arrivals, RateCurve

rates = st.floats(0.1, 5000)
profiles: st.SearchStrategy[Profile] = st.one_of(
    st.builds(Constant, rate=rates),
    st.builds(Ramp, start=st.floats(0, 5000), end=rates),
    st.builds(Step, rates=st.lists(st.floats(0, 5000), min_size=1, max_size=6).map(tuple)),
    st.builds(Spike, base=rates, peak=rates, at_s=st.floats(0, 200), width_s=st.floats(0.1, 200)),
    st.builds(DayCurve, trough=rates, peak=rates),
)
durations = st.floats(0.5, 200)


@given(profiles, durations, st.floats(0, 1))
def test_inverting_the_cumulative_rate_gives_the_time_back(
    profile: Profile, duration: float, part: float
) -> None:
    curve = RateCurve.of(profile, duration)
    expected = np.array([part * curve.totals[-1]])
    back = curve.cumulative(curve.invert(expected))
    np.testing.assert_allclose(back, expected, rtol=1e-6, atol=1e-6)


@given(profiles, durations)
def test_the_cumulative_rate_never_falls_and_ends_at_the_total(profile: Profile, duration: float) -> None:
    curve = RateCurve.of(profile, duration)
    values = curve.cumulative(np.linspace(0, duration, 200))
    assert (np.diff(values) >= -1e-6 * curve.totals[-1]).all()
    assert values[0] == 0
    assert values[-1] == pytest.approx(curve.totals[-1])


@given(profiles, st.floats(0.5, 20), st.integers(0, 1000), st.lists(st.floats(0, 1), max_size=5))
@settings(max_examples=50)
def test_arrivals_are_sorted_inside_the_run_and_do_not_depend_on_how_they_are_fetched(
    profile: Profile, duration: float, seed: int, cuts: list[float]
) -> None:
    whole = Arrivals(profile, duration, np.random.default_rng(seed)).before(duration)
    pieces = Arrivals(profile, duration, np.random.default_rng(seed))
    parts = [pieces.before(cut * duration) for cut in sorted(cuts)] + [pieces.before(duration)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert (np.diff(whole) >= 0).all()
    assert ((whole >= 0) & (whole <= duration)).all()


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        (Constant(rate=100), 6000),
        (Ramp(start=0, end=200), 6000),
        (Step(rates=(50, 100, 150)), 6000),
        (Spike(base=50, peak=200, at_s=20, width_s=20), 6000),
        (DayCurve(trough=50, peak=150), 6000),
    ],
)
def test_the_number_of_arrivals_is_poisson_around_the_integral_of_the_rate(
    profile: Profile, expected: int
) -> None:
    assert RateCurve.of(profile, 60).totals[-1] == pytest.approx(expected, rel=1e-3)
    counts = [Arrivals(profile, 60, np.random.default_rng(seed)).before(60).size for seed in range(100)]
    assert np.mean(counts) == pytest.approx(expected, abs=4 * (expected / 100) ** 0.5)
    assert 0.5 < np.var(counts) / expected < 1.7


def test_gaps_of_a_constant_rate_are_exponential() -> None:
    gaps = np.diff(Arrivals(Constant(rate=1000), 100, np.random.default_rng(1)).before(100))
    assert np.mean(gaps) == pytest.approx(1e-3, rel=0.02)
    assert np.std(gaps) == pytest.approx(1e-3, rel=0.02)


def test_a_spike_lies_where_it_was_planned() -> None:
    arrivals = Arrivals(Spike(base=10, peak=1000, at_s=4, width_s=2), 10, np.random.default_rng(3)).before(10)
    inside = ((arrivals >= 4) & (arrivals < 6)).sum()
    assert inside == pytest.approx(2000, abs=200)
    assert arrivals.size - inside == pytest.approx(80, abs=45)


def test_the_day_has_its_peak_in_the_evening_and_its_trough_in_the_morning() -> None:
    curve = RateCurve.of(DayCurve(trough=10, peak=100), 24.0)
    assert curve.times[np.argmax(curve.left)] == pytest.approx(20, abs=0.1)
    assert curve.times[np.argmin(curve.left)] == pytest.approx(8, abs=0.1)


def test_a_changed_rate_holds_from_then_on_to_the_end() -> None:
    arrivals = Arrivals(Constant(rate=10), 100, np.random.default_rng(3))
    before = arrivals.before(50)
    arrivals.change_rate(50, 200)
    after = arrivals.before(100)
    assert before.size == pytest.approx(500, abs=100)
    assert after.size == pytest.approx(10_000, abs=450)
    assert (after >= 50).all()
    assert (after <= 100).all()


def test_folding_journeys_divides_the_rate() -> None:
    folded = Arrivals(Constant(rate=1000), 20, np.random.default_rng(3), scale=1 / 4).before(20)
    assert folded.size == pytest.approx(5000, abs=300)
