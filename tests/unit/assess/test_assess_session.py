import asyncio
import os
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from drillyard.assess.kept import Keeper
from drillyard.assess.measurement import LoadWindow
from drillyard.assess.session import Session, strangers_of, troubles_of
from drillyard.assess.shape import Load, Shape
from drillyard.measure.reading import Reading, Unit, Window
from drillyard.traffic.result import Outcome

SHAPE = Shape("quick", rounds=5, window_s=1, warm_s=1, limit_s=1000, spare_rounds=2)


def rounds(make_measurement, count: int, troubled: int) -> list[LoadWindow]:
    windows = make_measurement({"learner": {"x": [1.0] * count}}).windows
    bad = [replace(window, troubles=("busy",)) for window in windows[:troubled]]
    return [*bad, *windows[troubled:]]


def goes_on(tmp_path, windows, *, limit_s: float = 1000) -> bool:
    session = Session([], Load(1, {}), replace(SHAPE, limit_s=limit_s), Keeper(tmp_path))
    return session._goes_on(windows, len(windows))


def test_rounds_that_prove_nothing_are_made_up_for_but_not_for_ever(make_measurement, tmp_path):
    assert not goes_on(tmp_path, rounds(make_measurement, 5, 0))
    assert goes_on(tmp_path, rounds(make_measurement, 5, 1))
    assert goes_on(tmp_path, rounds(make_measurement, 6, 2))
    assert not goes_on(tmp_path, rounds(make_measurement, 7, 7))


def test_without_time_there_are_only_the_fewest_rounds_that_give_an_interval(make_measurement, tmp_path):
    assert goes_on(tmp_path, rounds(make_measurement, 3, 0), limit_s=0)
    assert not goes_on(tmp_path, rounds(make_measurement, 4, 0), limit_s=0)


def test_every_reason_for_a_window_to_prove_nothing_is_said(make_measurement):
    result = make_measurement({"learner": {"x": [1.0]}}).windows[0].traffic
    late = replace(result, kept_schedule=False, stopped_early=True, lateness_ms=np.array([50.0]))
    steal = {"machine.steal": Reading("machine.steal", 0.5, Unit.RATIO, Window(0, 1), "/proc/stat")}
    assert troubles_of(result, {}) == ()
    found = " ".join(troubles_of(late, steal, clock_slipped=True))
    for word in ("schedule", "stopped", "starved", "clock"):
        assert word in found


def test_other_programs_may_burn_half_the_cores_and_no_more_than_most(make_measurement):
    result = make_measurement({"learner": {"x": [1.0]}}).windows[0].traffic
    cores = os.cpu_count() or 1

    def judged(others: float) -> tuple[str, ...]:
        values = {"machine.busy": others + 0.2, "processes.cpu": 0.2}
        return troubles_of(
            result, {n: Reading(n, v, Unit.CORES, Window(0, 1), "/proc/stat") for n, v in values.items()}
        )

    assert judged(0.5 * cores) == ()
    assert "other programs" in judged(0.95 * cores)[0]


class Hanging(Session):
    """A session whose shop never answers."""

    async def _rounds(self, windows: list[LoadWindow], number: int) -> None:
        await asyncio.Event().wait()


@pytest.mark.anyio
async def test_the_deadline_ends_a_session_whose_shop_never_answers(tmp_path):
    session = Hanging([], Load(1, {}), replace(SHAPE, limit_s=2.1), Keeper(tmp_path))
    assert await session.run() == ()
    assert session.cut


@pytest.mark.parametrize(("handled", "strangers"), [(100, False), (115, False), (130, True), (60, False)])
def test_a_window_in_which_others_used_the_shop_proves_nothing(make_measurement, handled, strangers):
    (window,) = make_measurement({"learner": {"x": [1.0]}}).windows
    sent = replace(window.traffic, routes={"product": replace(
        window.traffic.routes["product"], outcomes=Counter({Outcome.OK: 100}),
    )})  # fmt: skip
    counted = {"shop.requests": Reading("shop.requests", handled, Unit.COUNT, Window(0, 1), "a test")}
    assert bool(strangers_of(sent, counted)) is strangers
    assert strangers_of(sent, {}) == ""
