"""The search for sustained throughput against a shop of which the capacity is known."""

import asyncio
from collections import Counter

import numpy as np
import pytest

from drillyard.assess import searching
from drillyard.assess.searching import _Steps
from drillyard.assess.throughput import Objective, failed_share, sustained
from drillyard.traffic.result import Outcome, RouteResult, TrafficResult

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def step(
    p95_ms: float, *, failed: int = 0, unsent: int = 0, kept: bool = True, late_ms: float = 0.1
) -> TrafficResult:
    latencies = np.full(100, p95_ms)
    outcomes = Counter({Outcome.OK: 100 - failed, Outcome.REFUSED: failed})
    return TrafficResult(
        started=0,
        ended=1,
        planned_requests=100 + unsent,
        sent_requests=100,
        routes={"x": RouteResult("x", latencies, latencies, outcomes)},
        lateness_ms=np.array([late_ms]),
        kept_schedule=kept,
        unsent_requests=unsent,
    )


class Shop:
    """Keeps the objective up to `capacity`; the first `unlucky` good steps fail by noise."""

    def __init__(self, capacity: float, unlucky: int = 0, kept: bool = True, late_ms: float = 0.1) -> None:
        self.capacity, self.unlucky, self.kept, self.late_ms = capacity, unlucky, kept, late_ms

    async def send(self, rate: float) -> TrafficResult:
        if rate <= self.capacity and self.unlucky:
            self.unlucky -= 1
            return step(400)
        if rate <= self.capacity:
            return step(50)
        return step(900, kept=self.kept, late_ms=self.late_ms)


async def search(shop: Shop, start: float = 60, most_steps: int = 12):
    return await sustained(shop.send, Objective(), start=start, most_steps=most_steps)


@pytest.mark.parametrize("capacity", [40, 60, 100, 170, 400])
async def test_the_bracket_holds_the_capacity_and_is_narrow(capacity):
    found = await search(Shop(capacity), most_steps=20)
    assert found.rate <= capacity < found.bracket
    assert found.bracket / found.rate < 1.25


async def test_one_bad_step_does_not_count():
    found = await search(Shop(100, unlucky=1), most_steps=20)
    assert found.rate <= 100 < found.bracket
    assert found.rate > 75


async def test_a_shop_that_carries_nothing_has_no_throughput():
    found = await search(Shop(1))
    assert found.rate == 0


async def test_steps_are_bounded_and_each_failure_is_rested_after():
    shop = Shop(100)
    found = await search(shop, most_steps=5)
    assert len(found.steps) == 5


async def test_a_generator_that_could_not_keep_up_is_a_trouble():
    found = await search(Shop(100, kept=False, late_ms=800), most_steps=20)
    assert "could not keep its schedule" in found.troubles[0]


async def test_a_shop_that_was_slow_beyond_any_lateness_is_no_trouble():
    found = await search(Shop(100, kept=False, late_ms=40), most_steps=20)
    assert found.troubles == ()


@pytest.mark.parametrize("unlucky", [1, 2])
async def test_a_step_that_failed_by_noise_is_tried_again(unlucky):
    found = await search(Shop(100, unlucky=unlucky), most_steps=20)
    assert found.rate <= 100 < found.bracket


async def test_a_hopeless_step_is_tried_twice_and_a_close_one_three_times():
    far = await search(Shop(60), most_steps=20)
    assert [rate for rate, _, _ in far.steps].count(120) == 2
    near = await sustained(
        lambda rate: _step_of(300 if rate > 60 else 50), Objective(), start=60, most_steps=20
    )
    assert [rate for rate, _, _ in near.steps].count(120) == 3


async def _step_of(p95_ms: float) -> TrafficResult:
    return step(p95_ms)


def test_what_could_not_be_sent_failed():
    assert failed_share(step(1, failed=1)) == pytest.approx(0.01)
    assert failed_share(step(1, unsent=100)) == pytest.approx(0.5)


def test_the_objective_holds_for_each_route_that_it_names():
    assert Objective({"x": 100}).met_by(step(99))
    assert not Objective({"x": 100}).met_by(step(101))
    assert Objective({"other": 100}).met_by(step(101))
    assert not Objective({"": 1000}).met_by(step(1, failed=2))


class Recorded:
    """Stands for a session: notes who was sent what, in which order."""

    def __init__(self) -> None:
        self.log: list[tuple[str, int]] = []

    async def send(
        self, subject: str, *, rate: float, seconds: float, seed: int, timeout_s: float, keep_answers: int
    ):
        self.log.append((subject, seed))
        await asyncio.sleep(0)
        return step(50 if rate <= 100 else 900)


async def test_searches_take_turns_and_never_repeat_their_requests(monkeypatch):
    monkeypatch.setattr(searching, "RECOVER_S", 0)
    session, turn = Recorded(), asyncio.Lock()
    told: list[tuple[object, float]] = []
    searches = (
        sustained(
            _Steps(session, name, 3.0, 0, Objective(), turn, lambda *step: told.append(step), []).take,  # type: ignore[arg-type]  # see Recorded
            Objective(),
            start=60,
            most_steps=6,
        )
        for name in ("learner", "par")
    )
    await asyncio.gather(*searches)
    assert [name for name, _ in session.log] == ["learner", "par"] * 6
    assert [name for name, _ in told] == ["learner", "par"] * 6
    for name in ("learner", "par"):
        seeds = [seed for who, seed in session.log if who == name]
        assert len(set(seeds)) == len(seeds)
