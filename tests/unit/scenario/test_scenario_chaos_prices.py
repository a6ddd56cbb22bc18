"""What a repair in chaos-engineering must not take from customers."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from drillyard.assess.check import Status
from drillyard.assess.discovery import load_checks
from drillyard.assess.measurement import LoadWindow, Measurement
from drillyard.measure.reading import Combine, Reading, Unit, Window
from drillyard.traffic.result import Outcome, RouteResult, TrafficResult

SCENARIO = Path(__file__).parents[3] / "scenarios" / "chaos-engineering"
(NOTHING_REMOVED,) = (each for each in load_checks(SCENARIO) if each.id == "nothing-removed")


def window(subject: str, number: int, looked_up: float) -> LoadWindow:
    span = Window(100.0 * number, 100.0 * number + 2)
    answers = RouteResult(
        "product", np.linspace(0.0, 1.0, 9), np.full(9, 20.0), Counter({Outcome.OK: 9}),
        codes=np.zeros(9, np.uint8),
    )  # fmt: skip
    traffic = TrafficResult(
        started=span.start, ended=span.end, planned_requests=9, sent_requests=9,
        routes={"product": answers}, lateness_ms=np.array([0.1]), kept_schedule=True,
    )  # fmt: skip
    reading = Reading("cache.lookups", looked_up, Unit.COUNT, span, "a test", combine=Combine.SUM)
    return LoadWindow(subject, number, span, traffic, {"cache.lookups": reading}, (), ())


@pytest.mark.parametrize(
    ("learner", "twin", "status"),
    [(200.0, 200.0, Status.PASS), (150.0, 200.0, Status.PASS), (0.0, 200.0, Status.FAIL)],
)
def test_the_cache_is_asked_as_on_the_twin(learner: float, twin: float, status: Status) -> None:
    windows = [
        window(subject, number, count)
        for number in range(5)
        for subject, count in (("learner", learner), ("twin", twin))
    ]
    m = Measurement("m1", "chaos-engineering", "1", "quick", 0.0, 1000.0, tuple(windows))
    assert NOTHING_REMOVED.judge(m).status is status
