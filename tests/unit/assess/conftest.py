"""Measurements made of plain numbers, for tests of what is concluded from them."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest

from drillyard.assess.measurement import LoadWindow, Measurement
from drillyard.measure.reading import Reading, Unit, Window
from drillyard.traffic.result import Outcome, RouteResult, TrafficResult

MakeMeasurement = Callable[..., Measurement]


def traffic(started: float, latencies: Sequence[float] = (10.0, 20.0, 30.0), wrong: int = 0) -> TrafficResult:
    count = len(latencies)
    route = RouteResult(
        "product",
        np.linspace(0.0, 1.0, count),
        np.array(latencies, dtype=np.float64),
        Counter({Outcome.OK: count - wrong, Outcome.WRONG: wrong}),
        codes=np.zeros(count, np.uint8),
    )
    return TrafficResult(
        started=started,
        ended=started + 2.0,
        planned_requests=count,
        sent_requests=count,
        routes={"product": route},
        lateness_ms=np.array([0.1]),
        kept_schedule=True,
    )


def load_window(
    subject: str,
    number: int,
    readings: Mapping[str, tuple[float, Unit, float]],
    troubles: tuple[str, ...] = (),
) -> LoadWindow:
    window = Window(100.0 * number, 100.0 * number + 2)
    made = {
        name: Reading(name, value, unit, window, "a test", weight=weight)
        for name, (value, unit, weight) in readings.items()
    }
    return LoadWindow(subject, number, window, traffic(window.start), made, (), troubles)


@pytest.fixture
def make_measurement() -> MakeMeasurement:
    def make(
        values: Mapping[str, Mapping[str, Sequence[float]]],
        *,
        unit: Unit = Unit.MILLISECONDS,
        **fields: object,
    ) -> Measurement:
        """`values`: subject to reading name to one value a round."""
        windows = []
        for subject, readings in values.items():
            rounds = max(len(series) for series in readings.values())
            for number in range(rounds):
                windows.append(
                    load_window(
                        subject, number, {name: (s[number], unit, 1.0) for name, s in readings.items()}
                    )
                )
        base: dict[str, object] = {
            "id": "m1",
            "scenario": "test",
            "variant": "7",
            "kind": "quick",
            "started": 0.0,
            "ended": 1000.0,
            "windows": tuple(windows),
        }
        return Measurement(**{**base, **fields})  # type: ignore[arg-type]  # fields of the dataclass, by name

    return make
