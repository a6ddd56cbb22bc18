"""What is said of an experiment by its text alone."""

from pathlib import Path
from typing import Any

import pytest
from chaoslib.loader import load_experiment

from drillyard.chaos.review import readings_of_a_look, refutable, review
from drillyard.faults.catalog import kinds

EXPERIMENTS = sorted((Path(__file__).parents[3] / "docs" / "experiments").glob("*.yaml"))
HALF = {"type": "range", "range": [0.4, 1.0]}


def probe(function: str, tolerance: object = None, **arguments: object) -> dict[str, Any]:
    return {
        "type": "probe", "name": function, "tolerance": tolerance,
        "provider": {"type": "python", "module": "drillyard.chaos.probes", "func": function,
                     "arguments": arguments},
    }  # fmt: skip


def action(function: str, **arguments: object) -> dict[str, Any]:
    provider = {"type": "python", "module": "drillyard.chaos.actions", "func": function}
    return {"type": "action", "name": function, "provider": {**provider, "arguments": arguments}}


def experiment(*probes: dict[str, Any], method: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    asked = probes or (probe("success_ratio", {"type": "range", "range": [0.97, 1.0]}),)
    return {
        "title": "t", "description": "d",
        "steady-state-hypothesis": {"title": "h", "probes": list(asked)},
        "method": list(method), "rollbacks": [action("end_faults")],
    }  # fmt: skip


def said(of: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each.kind, each.where) for each in review(of)]


@pytest.mark.parametrize("file", EXPERIMENTS, ids=lambda path: path.stem)
def test_of_our_own_experiments_nothing_is_said(file: Path) -> None:
    assert review(load_experiment(str(file))) == []


def test_what_has_no_rollbacks_and_no_hypothesis_is_told() -> None:
    bare = {"title": "t", "description": "d", "method": []}
    assert said(bare) == [("no-hypothesis", "steady-state-hypothesis"), ("no-rollbacks", "rollbacks")]


@pytest.mark.parametrize(
    ("done", "kinds"),
    [
        (action("cache_flush"), ["no-seconds"]),
        (action("cache_flush", seconds=10, every_s=0), ["bad-parameters"]),
        (action("cache_flush", seconds=10, every_s="${often}"), []),
        (action("cache_flush", seconds=900), ["bad-parameters"]),
        (action("cache_flush", seconds=10, error_budget=2), ["bad-parameters"]),
        (action("process_kill_9", seconds=10), ["bad-parameters"]),
        (action("process_kill_9", seconds=10, component="${which}"), []),
        (action("end_faults"), []),
        (action("cache_flush", seconds="abc"), ["bad-parameters"]),
        (action("network_cut", seconds=10, link="storefront-*-to-valky"), ["bad-parameters"]),
        (probe("success_ratio", [1.0, 0.95]), ["empty-tolerance"]),
        (probe("reading", name="cache.hit_ratio.product"), []),
        (probe("reading", name="db.buffers_per_request"), []),
        (probe("reading", name="latency.p95"), []),
        (probe("reading", name="latency.p94"), ["unknown-reading"]),
        (probe("reading", name="promise.price_seen_after"), ["unknown-reading"]),
        (probe("queue_age_s", queue="payments"), []),
        ({"type": "action", "name": "x", "provider": {"type": "process", "path": "true"}}, []),
        ({"ref": "elsewhere"}, []),
    ],
)
def test_each_activity_is_looked_at(done: dict[str, Any], kinds: list[str]) -> None:
    assert said(experiment(method=(done,))) == [(kind, "method[0]") for kind in kinds]


def test_a_refusal_names_the_parameter_and_where_its_bounds_stand() -> None:
    remark = review(experiment(method=(action("cache_flush", seconds=10, every_s=0),)))[0]
    assert "every_s" in remark.text
    assert "drill fault list cache.flush" in remark.text


@pytest.mark.parametrize(
    "loose",
    [
        probe("success_ratio", HALF),
        probe("success_ratio", [0, 1]),
        probe("p95_ms", {"type": "range", "range": [0, 10_000]}),
        probe("queue_age_s", {"type": "range", "range": [0, 3600]}, queue="payments"),
        probe("orders_per_minute", {"type": "range", "range": [0, 1000]}),
        probe("recovers_within", False, seconds=5),
        probe("reading", {"type": "range", "range": [0, 1]}, name="requests.success_ratio"),
    ],
)
def test_a_tolerance_that_holds_in_a_broken_shop_is_told(loose: dict[str, Any]) -> None:
    where = "steady-state-hypothesis"
    assert said(experiment(loose)) == [("loose-tolerance", f"{where}.probes[0]"), ("cannot-fail", where)]


@pytest.mark.parametrize(
    "tight",
    [
        probe("recovers_within", True, seconds=5),
        probe("p95_ms", {"type": "range", "range": [0, 500]}),
        probe("success_ratio", "${asked}"),
        probe("reading", HALF, name="cache.hit_ratio"),
        probe("success_ratio", {"type": "regex", "pattern": 3}),
        probe("success_ratio", {"type": "probe", "name": "x"}),
    ],
)
def test_one_that_can_fail_saves_the_hypothesis(tight: dict[str, Any]) -> None:
    assert said(experiment(tight)) == []
    one_loose = said(experiment(probe("success_ratio", HALF), tight))
    assert one_loose == [("loose-tolerance", "steady-state-hypothesis.probes[0]")]


def test_of_what_a_fault_moves_a_look_sees_something() -> None:
    readings = readings_of_a_look()
    for kind in kinds().values():
        assert any(each.matches(moves.reading) for each in readings for moves in kind.moves), kind.id


@pytest.mark.parametrize(
    ("asked", "can"),
    [
        (probe("success_ratio", [0.9, 1.0]), True),
        (probe("reading", [0, 400], name="latency.p50"), True),
        (probe("reading", [0, 900], name="latency.p99"), True),
        (probe("queue_age_s", [0, 20]), True),
        (probe("queue_age_s", [0, 299]), False),
        (probe("success_ratio", {"type": "range", "range": [0.0, 1.5], "note": "worth $one"}), False),
        (probe("success_ratio", {"type": "probe", "provider": {"type": "process", "path": "true"}}), False),
        (probe("success_ratio", {"type": "jsonpath", "path": "a"}), False),
        (probe("success_ratio", "${wide}"), False),
        (probe("success_ratio", "${tight}"), True),
        (probe("success_ratio", "${SOMEWHERE}"), False),
        (probe("reading", [0, 1], name="cache.hit_ratio"), False),
    ],
)
def test_what_can_be_refuted_is_known(asked: dict[str, Any], can: bool) -> None:
    about = experiment(asked) | {"configuration": {"wide": [0.0, 1.0], "tight": [0.9, 1.0]}}
    assert refutable(about) is can


@pytest.mark.parametrize(
    ("seconds", "looks", "over"),
    [(10, 5, True), (13, 5, True), (14, 5, False), (10, 1, False), ("${long}", 5, False), (30, 25, True)],
)
def test_a_fault_that_is_over_when_the_hypothesis_is_asked_again_is_told(
    seconds: object, looks: int, over: bool
) -> None:
    fault = {**action("cache_flush", seconds=seconds), "pauses": {"after": 3}}
    behind = {**probe("success_ratio", seconds=60), "background": True}
    look = {**probe("success_ratio", seconds=looks), "pauses": {"before": 5}}
    method = (probe("success_ratio", seconds=60), fault, behind, look)
    assert said(experiment(method=method)) == ([("over-before-asked", "method[1]")] if over else [])


def test_an_action_in_the_rollbacks_is_no_fault_of_the_method() -> None:
    of = experiment(method=(action("cache_flush", seconds=2), probe("p95_ms", seconds=10)))
    of["rollbacks"].append(action("cache_flush", seconds=1))
    assert said(of) == [("over-before-asked", "method[0]")]


def test_a_hypothesis_about_recovery_or_of_meanwhile_means_it_so() -> None:
    method = (action("cache_flush", seconds=2), probe("p95_ms", seconds=10))
    about = experiment(probe("recovers_within", True, seconds=5), method=method)
    meanwhile = experiment(method=method) | {"runtime": {"hypothesis": {"strategy": "continuously"}}}
    one_goes_on = experiment(method=(*method, action("partner_slow", seconds=30)))
    said_of_all = [each for of in (about, meanwhile, one_goes_on) for each in said(of)]
    assert not any(kind == "over-before-asked" for kind, _ in said_of_all)


@pytest.mark.parametrize(
    "shape",
    [{}, {"method": "x"}, {"method": [3]}, {"steady-state-hypothesis": []}, {"method": [{"provider": 1}]}],
)
def test_whatever_its_shape_it_raises_nothing(shape: dict[str, Any]) -> None:
    assert all(each.kind in ("no-hypothesis", "no-rollbacks") for each in review(shape))
