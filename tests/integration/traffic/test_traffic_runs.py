"""Whole runs of the engine against a real small shop."""

import asyncio
from typing import Any

import numpy as np
import uvloop

from drillyard.base.clock import monotonic
from drillyard.traffic.engine import Engine
from drillyard.traffic.ledger import WriteClass, read
from drillyard.traffic.live import LiveSummary
from drillyard.traffic.plan import Constant, Step, TrafficPlan
from drillyard.traffic.result import CODES, Outcome, TrafficResult


def run(plan: TrafficPlan) -> TrafficResult:
    return uvloop.run(Engine(plan).run())


def test_every_journey_is_answered_well_and_adds_up(make_plan: Any, target: Any) -> None:
    plan = make_plan(profile=Constant(rate=120), duration_s=3.0)
    result = run(plan)
    assert set(result.outcomes) == {Outcome.OK}, {n: r.complaints for n, r in result.routes.items()}
    assert result.planned_requests == result.sent_requests == result.outcomes.total()
    assert {"product", "search", "cart", "checkout", "order", "history"} <= set(result.routes)
    assert 150 < result.sent_requests < 600
    assert result.lateness_ms.size == result.sent_requests
    assert result.unsent_requests == 0
    entries = list(read(plan.ledger))
    assert len(entries) == target.counts()["orders"] == result.routes["checkout"].outcomes[Outcome.OK]
    assert len({entry.key for entry in entries}) == len(entries)
    for entry in entries:
        assert entry.kind is WriteClass.ACKNOWLEDGED
        assert entry.sent is not None
        assert entry.answered is not None
        assert entry.planned <= entry.sent <= entry.answered
        assert entry.order_id is not None
        assert entry.amount_cents is not None


def test_results_are_the_same_after_saving_and_loading(make_plan: Any) -> None:
    plan = make_plan()
    result = run(plan)
    again = TrafficResult.load(plan.results)
    assert again.outcomes == result.outcomes
    assert again.kept_schedule == result.kept_schedule
    assert again.started == result.started
    for name, route in result.routes.items():
        np.testing.assert_array_equal(again.routes[name].latency_ms, route.latency_ms)
        np.testing.assert_array_equal(again.routes[name].codes, route.codes)
        np.testing.assert_array_equal(again.routes[name].staleness_s, route.staleness_s)


def test_the_same_seed_gives_the_same_plan_of_single_page_visits(make_plan: Any) -> None:
    plans = [run(make_plan(mix={"browse": 1}, seed=seed)).routes for seed in (5, 5, 6)]
    first, again, other = [np.sort(np.concatenate([r.planned for r in routes.values()])) for routes in plans]
    np.testing.assert_array_equal(first, again)
    assert first.size != other.size or (first != other).any()


def test_wrong_content_is_told_apart_from_a_good_answer(make_plan: Any, target: Any) -> None:
    target.behave(drop_reviews=True, wrong_amount=True)
    result = run(make_plan(mix={"buy": 1, "browse": 2}))
    assert set(result.routes["product"].outcomes) == {Outcome.WRONG}
    assert result.routes["product"].complaints == ("there are ratings, and no reviews are shown",)
    assert "checkout" not in result.routes, "a customer who got a wrong page leaves"
    target.behave(wrong_amount=True)
    result = run(make_plan(mix={"buy": 1}))
    assert set(result.routes["checkout"].outcomes) == {Outcome.WRONG}


def test_an_order_that_is_missing_from_the_history_is_noticed(make_plan: Any, target: Any) -> None:
    target.behave(lose_orders=True)
    result = run(
        make_plan(mix={"buy": 1, "history": 3}, signed_in=1, duration_s=4.0, profile=Constant(rate=20))
    )
    assert result.routes["order"].outcomes[Outcome.REFUSED] > 0
    assert result.routes["history"].outcomes[Outcome.WRONG] > 0


def test_the_shops_own_error_is_refused_and_a_proxys_is_indeterminate(make_plan: Any, target: Any) -> None:
    target.behave(error=True)
    assert set(run(make_plan(mix={"browse": 1})).outcomes) == {Outcome.REFUSED}
    target.behave(bare_error=True)
    assert set(run(make_plan(mix={"browse": 1})).outcomes) == {Outcome.INDETERMINATE}


def test_nobody_there_is_refused(make_plan: Any, target: Any) -> None:
    target.kill()
    result = run(make_plan())
    assert set(result.outcomes) == {Outcome.REFUSED}


def test_price_staleness_is_recorded(make_plan: Any, target: Any) -> None:
    target.behave(stale_s=42)
    product = run(make_plan(mix={"browse": 1})).routes["product"]
    assert product.staleness_s.size == product.outcomes[Outcome.OK]
    assert 42 <= product.staleness(100) < 60


def test_a_server_killed_in_the_middle_of_an_answer_leaves_it_indeterminate(
    make_plan: Any, target: Any
) -> None:
    target.behave(cut=True)
    plan = make_plan(mix={"buy": 1}, duration_s=2.5, profile=Constant(rate=20), timeout_s=8)

    async def kill_midway() -> TrafficResult:
        running = asyncio.create_task(Engine(plan).run())
        await asyncio.sleep(2.4)
        target.kill()
        return await running

    result = uvloop.run(kill_midway())
    assert result.routes["checkout"].outcomes[Outcome.INDETERMINATE] > 0
    assert not result.routes["checkout"].outcomes[Outcome.OK]
    entries = list(read(plan.ledger))
    kinds = {entry.kind for entry in entries}
    assert WriteClass.INDETERMINATE in kinds
    assert WriteClass.ACKNOWLEDGED not in kinds


def test_an_answer_that_does_not_come_in_time_is_indeterminate(make_plan: Any, target: Any) -> None:
    target.behave(slow_s=5)
    result = run(make_plan(mix={"browse": 1}, timeout_s=0.3))
    assert set(result.outcomes) == {Outcome.INDETERMINATE}
    assert all((route.codes == CODES[Outcome.INDETERMINATE]).all() for route in result.routes.values())
    assert all((route.latency_ms >= 300).all() for route in result.routes.values())


def test_beyond_max_in_flight_requests_are_held_and_never_dropped(make_plan: Any, target: Any) -> None:
    target.behave(slow_s=0.2)
    result = run(make_plan(mix={"browse": 1}, max_in_flight=4))
    assert result.held_requests > 0
    assert result.planned_requests == result.sent_requests == result.outcomes.total()
    assert result.percentile(99) > 400, "waiting to be sent is part of the latency"


def test_customers_that_are_all_busy_hold_the_next_visit(make_plan: Any, target: Any) -> None:
    target.behave(slow_s=0.1)
    result = run(make_plan(mix={"history": 1}, signed_in=1, profile=Constant(rate=15)))
    assert result.held_requests > 0
    assert result.sent_requests == result.outcomes.total() == result.planned_requests


def test_stopping_early_writes_what_there_is(make_plan: Any) -> None:
    plan = make_plan(duration_s=600)

    async def stop_soon() -> TrafficResult:
        seen = asyncio.Event()
        engine = Engine(plan, lambda _: seen.set())
        running = asyncio.create_task(engine.run())
        await seen.wait()
        engine.stop()
        return await running

    begun = monotonic()
    result = uvloop.run(stop_soon())
    assert monotonic() - begun < 60
    assert result.stopped_early
    assert result.outcomes.total() > 0
    assert (plan.results / "result.json").exists()


def test_the_rate_can_be_changed_while_it_runs(make_plan: Any) -> None:
    plan = make_plan(mix={"browse": 1}, profile=Step(rates=(20, 20)), duration_s=4.0)
    engine: Engine

    def after_a_second(_: LiveSummary) -> None:
        engine.change_rate(200)

    engine = Engine(plan, after_a_second)
    result = uvloop.run(engine.run())
    assert result.sent_requests > 250
