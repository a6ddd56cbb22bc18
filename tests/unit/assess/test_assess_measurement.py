from dataclasses import replace
from pathlib import Path

import pytest

from drillyard.assess.kept import Keeper, kept, load
from drillyard.assess.measurement import Capacity, Measurement, MissingReadingError
from drillyard.base.errors import UserError
from drillyard.measure.reading import Gap, Reading, Unit, Window


def test_a_mean_over_windows_is_weighted_by_what_it_is_over(make_measurement):
    m = make_measurement({"learner": {"cache.hit_ratio": [0.5, 1.0]}}, unit=Unit.RATIO)
    heavy = replace(m.windows[0].readings["cache.hit_ratio"], weight=300.0)
    first = replace(m.windows[0], readings={"cache.hit_ratio": heavy})
    second = m.windows[1].readings["cache.hit_ratio"]
    second = replace(second, weight=100.0)
    m = replace(m, windows=(first, replace(m.windows[1], readings={"cache.hit_ratio": second})))
    assert m.learner["cache.hit_ratio"].value == pytest.approx(0.625)


def test_seconds_of_a_troubled_window_are_left_out_and_its_counters_stay(make_measurement):
    m = make_measurement({"learner": {"latency.p95.x": [10, 10, 1000]}})
    troubled = replace(m.windows[2], troubles=("the machine was starved",))
    m = replace(m, windows=(*m.windows[:2], troubled))
    assert m.values("latency.p95.x", "learner") == [10, 10]
    counters = {"db.buffers": Reading("db.buffers", 5, Unit.COUNT, Window(0, 1), "s")}
    m = replace(m, windows=(*m.windows[:2], replace(troubled, readings=counters)))
    assert m.values("db.buffers", "learner") == [5]


def test_a_missing_reading_says_why(make_measurement):
    m = make_measurement({"learner": {"x": [1]}})
    gap = Gap("db.", "pg_stat_statements was reset inside the window")
    m = replace(m, windows=(replace(m.windows[0], gaps=(gap,)),))
    with pytest.raises(MissingReadingError, match="was reset"):
        _ = m.learner["db.buffers"]
    assert "db.buffers" not in m.learner
    assert m.learner.get("db.buffers") is None


def test_a_ratio_pairs_the_rounds_that_both_subjects_have(make_measurement):
    m = make_measurement(
        {"learner": {"latency.p95.x": [10, 20, 30, 40, 50]}, "twin": {"latency.p95.x": [20, 40, 60, 80, 100]}}
    )
    interval = m.ratio("latency.p95.x", "learner", "twin")
    assert interval.value == pytest.approx(0.5)
    assert interval.low == pytest.approx(0.5)
    assert interval.n == 5


def test_too_few_rounds_give_no_ratio(make_measurement):
    m = make_measurement({"learner": {"latency.p95.x": [1, 1, 1]}, "twin": {"latency.p95.x": [1, 1, 1]}})
    with pytest.raises(MissingReadingError, match="3 rounds only"):
        m.ratio("latency.p95.x")


def test_percentiles_over_windows_are_exact_over_all_requests(make_measurement):
    m = make_measurement({"learner": {"latency.p50.product": [1.0, 2.0, 3.0, 4.0]}})
    assert m.learner["latency.p50.product"].value == 20.0


def test_a_kept_measurement_reads_back_the_same(make_measurement, tmp_path: Path):
    m: Measurement = make_measurement(
        {"learner": {"latency.p95.x": [1, 2]}, "twin": {"latency.p95.x": [1, 2]}},
        findings={"learner": {"jobs.lost": Reading("jobs.lost", 0, Unit.COUNT, Window(1, 2), "sql")}},
        finding_gaps={"learner": (Gap("promise.", "the probe broke"),)},
        capacities={"learner": Capacity(10, float("inf"), "p95 <= 100 ms", ((10, 5, 0),))},
        limits={"budget.processes": 8.0},
    )
    keeper = Keeper(tmp_path / "m1")
    for window in m.windows:
        keeper.keep_window(window)
    keeper.keep_head(m)
    again = load(tmp_path / "m1")
    assert again.values("latency.p95.x", "twin") == [1, 2]
    assert again.learner["jobs.lost"].value == 0
    assert again.capacities == m.capacities
    assert again.limits == m.limits
    assert "the probe broke" in str(again.finding_gaps)
    assert again.windows[0].traffic.routes["product"].latency_ms.tolist() == [10, 20, 30]
    assert kept(tmp_path) == ["m1"]


def test_a_window_cut_short_does_not_count_as_done(make_measurement, tmp_path: Path):
    m = make_measurement({"learner": {"x": [1, 2]}})
    keeper = Keeper(tmp_path / "m1")
    for window in m.windows:
        keeper.keep_window(window)
    (keeper.window_directory(1, "learner") / "window.json").unlink()
    assert [window.round for window in keeper.windows()] == [0]


def test_a_measurement_that_is_not_there_is_a_user_error(tmp_path: Path):
    with pytest.raises(UserError, match="no measurement 'm9'"):
        load(tmp_path / "m9")


def test_a_damaged_measurement_is_a_user_error(tmp_path: Path):
    (tmp_path / "m1").mkdir()
    (tmp_path / "m1" / "head.json").write_text("{")
    with pytest.raises(UserError, match="cannot be read"):
        load(tmp_path / "m1")


def test_what_the_deadline_cut_off_is_said_wherever_it_is_missed(make_measurement):
    cut = {name: (Gap("", "the time for it was over"),) for name in ("learner", "twin")}
    m = make_measurement({"learner": {"x": [1.0]}, "twin": {"x": [2.0]}}, finding_gaps=cut)
    for ask in (lambda: m.ratio("x"), lambda: m.learner["y"], lambda: m.capacity("learner")):
        with pytest.raises(MissingReadingError, match="the time for it was over"):
            ask()
