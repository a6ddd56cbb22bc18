from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from drillyard.assess.measurement import LoadWindow, Measurement
from drillyard.drill.figures import changes, figures
from drillyard.measure.reading import Combine, Reading, Unit, Window
from drillyard.traffic.result import TrafficResult


def measurement(name: str, learner: dict[str, list[float]], twin: dict[str, list[float]]) -> Measurement:
    windows = []
    for subject, readings in (("learner", learner), ("twin", twin)):
        rounds = len(next(iter(readings.values())))
        windows += [window(subject, i, {n: v[i] for n, v in readings.items()}) for i in range(rounds)]
    return Measurement(
        id=name, scenario="s", variant="1", kind="measure", started=0, ended=100, windows=tuple(windows)
    )


def window(subject: str, number: int, values: dict[str, float]) -> LoadWindow:
    span = Window(number * 10.0, number * 10.0 + 5)
    units = {"latency.p95": Unit.MILLISECONDS}
    readings = {
        name: Reading(name, value, units.get(name, Unit.PER_REQUEST), span, "a test")
        for name, value in values.items()
    }
    nothing = TrafficResult(
        started=span.start, ended=span.end, planned_requests=0, sent_requests=0, routes={},
        lateness_ms=np.array([]), kept_schedule=True,
    )  # fmt: skip
    assert nothing.outcomes == Counter()
    return LoadWindow(subject, number, span, nothing, readings)


STEADY = [100.0, 102.0, 98.0, 101.0]


def test_figures_stand_beside_the_twin_with_the_paired_ratio() -> None:
    made = measurement(
        "m1",
        {"db.buffers_per_request": [50.0, 51.0, 49.0, 50.5]},
        {"db.buffers_per_request": STEADY},
    )
    (row,) = figures(made)
    assert row.value == pytest.approx(50.125)
    assert row.twin == pytest.approx(100.25)
    assert row.ratio == pytest.approx(0.5, rel=0.01)
    assert row.windows == [50.0, 51.0, 49.0, 50.5]


def test_a_machine_that_was_slower_is_no_change_of_seconds() -> None:
    before = measurement("m1", {"latency.p95": STEADY}, {"latency.p95": STEADY})
    slower = [3 * value for value in STEADY]
    after = measurement("m2", {"latency.p95": slower}, {"latency.p95": slower})
    (row,) = changes(before, after)
    assert row.after == pytest.approx(3 * row.before)
    assert row.ratio == pytest.approx(1.0)
    assert not row.different
    assert row.basis == "beside the twin"


def test_a_counter_that_halved_is_a_change() -> None:
    before = measurement("m1", {"db.buffers_per_request": STEADY}, {"db.buffers_per_request": STEADY})
    half = [value / 2 for value in STEADY]
    after = measurement("m2", {"db.buffers_per_request": half}, {"db.buffers_per_request": STEADY})
    (row,) = changes(before, after)
    assert row.ratio == pytest.approx(0.5)
    assert row.different


def test_what_was_zero_has_no_ratio() -> None:
    before = measurement(
        "m1", {"db.temp_blocks_per_request": [0.0] * 4}, {"db.temp_blocks_per_request": [0.0] * 4}
    )
    (row,) = changes(before, before)
    assert row.ratio is None
    assert not row.different


def test_one_worst_case_beside_another_proves_no_difference() -> None:
    def worst(name: str, value: float) -> Measurement:
        made = measurement(name, {"db.connections.max": [1.0] * 4}, {"db.connections.max": [1.0] * 4})
        seen = Reading("db.connections.max", value, Unit.COUNT, Window(0, 1), "a test", combine=Combine.MAX)
        return replace(made, windows=tuple(replace(w, readings={seen.name: seen}) for w in made.windows))

    (row,) = [row for row in changes(worst("m1", 20), worst("m2", 26)) if row.name == "db.connections.max"]
    assert row.ratio == pytest.approx(1.3)
    assert not row.different
