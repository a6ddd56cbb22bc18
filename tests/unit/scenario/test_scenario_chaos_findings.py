"""What is claimed in chaos-engineering, held against the runs that are to show it."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from chaos_work import (
    STAMPEDE,
    START,
    finding,
    iso,
    judge,
    saying,
    shop,
    unmoved,
    world,
)

from drillyard.assess.check import Status
from drillyard.assess.experiments import finding_rules
from drillyard.assess.experiments.runs import Experiments
from drillyard.faults.catalog import fault_of, function_of


def test_a_reading_may_be_told_by_the_time_at_which_its_probe_was_asked() -> None:
    late = shop()
    known = late.experiments
    first = known.runs[0]
    # The machine was busy: asked at 9.9 s, looked from 12.7 s on.
    slow = [
        replace(each, began=each.began + 2.7, ended=each.ended + 2.7)
        if each.began == first.began + 10
        else each
        for each in known.observed
    ]
    probe = replace(first.method[-1], ended=first.method[-1].ended + 2.7)
    after = tuple(replace(each, ended=each.ended + 2.7) for each in first.after)
    run = replace(first, method=(*first.method[:-1], probe), after=after)
    busy = replace(known, observed=tuple(slow), runs=(run, *known.runs[1:]))
    at = {"at": iso(first.began + 10.5)}
    told = saying(lambda f: f["findings"][0]["evidence"][0].update(at)).documents
    assert judge("claims-backed", replace(late, experiments=busy, documents=told)).passed
    far = {"at": iso(first.began + 5.5)}
    told = saying(lambda f: f["findings"][0]["evidence"][0].update(far)).documents
    assert not judge("claims-backed", replace(late, experiments=busy, documents=told)).passed


def test_a_run_that_held_is_no_evidence_of_a_weakness() -> None:
    verdict = judge(
        "claims-backed", saying(lambda f: f["findings"][0]["evidence"][0].update(run="cache-gone-2"))
    )
    assert verdict.status is Status.FAIL


@pytest.mark.parametrize(
    ("check", "change"),
    [
        ("claims-backed", lambda f: f["findings"][0]["evidence"][0].update(value=0.9)),
        ("claims-backed", lambda f: f["findings"][0]["evidence"][0].update(at=iso(1_000_002.0))),
        ("claims-backed", lambda f: f["findings"][0]["evidence"][0].update(run="replica-away-1")),
        ("claims-backed", lambda f: f["findings"][0].update(component="postgres")),
        ("claims-backed", lambda f: f["findings"][0].update(action="improve resilience")),
        ("claims-backed", lambda f: f["findings"][0].update(mechanism="everything")),
        ("claims-backed", lambda f: f.update(findings=[])),
        ("claims-backed", lambda f: f.update(more=1)),
        ("claims-backed", lambda f: f["healthy"][0].update(mechanism="single-replica")),
        ("weaknesses-found", lambda f: f["findings"].extend([STAMPEDE, START])),
        ("weaknesses-found", lambda f: [f["findings"].pop(), f["findings"].pop()]),
        ("weaknesses-found", lambda f: f["healthy"].pop()),
        ("weaknesses-found", lambda f: f["healthy"][0].update(mechanism="single-replica")),
        ("weaknesses-found", lambda f: f["healthy"][0].update(run="replica-away-1")),
        ("weakness-mended", lambda f: f["findings"][0].update(fixed=False)),
        ("repair-shown", lambda f: f["findings"][0].update(fixed=False)),
        ("repair-shown", lambda f: [f["findings"][n].update(fixed=bool(n)) for n in (0, 1)]),
    ],
)  # fmt: skip
def test_claims_that_are_wrong_fail(check: str, change: Callable[[dict[str, Any]], object]) -> None:
    assert judge(check, saying(change)).status is Status.FAIL


def test_evidence_is_a_reading_that_shows_the_weakness() -> None:
    calm = {"reading": "latency.p95", "value": 30.0}
    verdict = judge("claims-backed", saying(lambda f: f["findings"][0]["evidence"][0].update(calm)))
    assert verdict.status is Status.FAIL
    assert "requests.success_ratio down" in str(verdict.evidence)


def test_a_run_that_deviates_at_will_shows_nothing() -> None:
    """A probe of a file that is there or not: customers got what they always get."""
    made = unmoved(shop())
    evidence = {"value": 0.995}
    told = saying(lambda f: [each["evidence"][0].update(evidence) for each in f["findings"]]).documents
    assert judge("claims-backed", replace(made, documents=told)).status is Status.FAIL


def test_what_is_missing_may_be_told_by_a_probe_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    made = shop()
    first, *others = made.experiments.runs
    query = replace(
        first.method[-1], name="forgotten", module="", func="", output={"stdout": '[{"forgotten": 7}]'}
    )
    dies = {"component": "worker-notifications"}
    full = fault_of("process.restart-loop", dict(dies)).model_dump(mode="json")
    strike = replace(first.method[0], func="process_restart_loop", arguments=dies)
    run = replace(first, method=(strike, query), after=first.after)
    fault = replace(made.experiments.injected[0], kind="process.restart-loop", parameters=full)
    known = replace(made.experiments, runs=(run, *others), injected=(fault, *made.experiments.injected[1:]))
    about = finding(
        "acknowledged-before-work", run.name, 1_000_011.0, component="worker-notifications",
        reading="forgotten", value=7,
    )  # fmt: skip
    told = saying(lambda f: f.update(findings=[about])).documents
    assert judge("claims-backed", replace(made, experiments=known, documents=told)).passed
    monkeypatch.setattr(finding_rules, "WAKE_S", 1.0)
    over = replace(known, injected=(replace(fault, ended=fault.began + 1), *known.injected[1:]))
    assert judge(
        "claims-backed", replace(made, experiments=over, documents=told)
    ).passed  # asked when settled
    about["evidence"][0]["at"] = iso(query.began - 3)
    told = saying(lambda f: f.update(findings=[about])).documents
    assert not judge("claims-backed", replace(made, experiments=over, documents=told)).passed
    about["evidence"][0].update(value=9, at=iso(1_000_011.0))
    told = saying(lambda f: f.update(findings=[about])).documents
    assert not judge("claims-backed", replace(made, experiments=known, documents=told)).passed


COMPONENTS = {
    "retries-without-budget": "worker-notifications",
    "charge-without-key": "worker-payments",
    "dead-replica-in-rotation": "haproxy",
}


@pytest.mark.parametrize(
    ("mechanism", "kind", "parameters", "tells"),
    [
        ("cache-required", "network.cut", {"link": "storefront-*-to-valkey"}, True),
        ("cache-required", "cache.flush", {}, False),
        ("cache-required", "network.cut", {"link": "worker-reports-to-valkey"}, False),
        ("cache-without-timeout", "network.black-hole", {"link": "*-to-valkey"}, True),
        ("cache-without-timeout", "network.cut", {"link": "storefront-*-to-valkey"}, False),
        ("stampede", "cache.hot-key", {}, False),
        ("stampede", "process.kill-9", {"component": "valkey"}, True),
        ("charge-without-key", "queue.duplicate-delivery", {}, True),
        ("retries-without-budget", "queue.producer-flood", {}, False),
        ("start-needs-partner", "process.kill-9", {"component": "storefront-1"}, False),
        ("dead-replica-in-rotation", "network.cut", {"link": "storefront-1-to-postgres"}, True),
        ("dead-replica-in-rotation", "network.cut", {"link": "*-to-storefront-1"}, True),
        ("dead-replica-in-rotation", "load-balancer.dead-in-rotation", {"replica": "storefront-1"}, False),
    ],
)  # fmt: skip
def test_what_a_fault_can_tell(mechanism: str, kind: str, parameters: dict[str, Any], tells: bool) -> None:
    made = shop()
    first = made.experiments.runs[0]
    full = fault_of(kind, parameters).model_dump(mode="json")
    strike = replace(first.method[0], func=function_of(kind), arguments=parameters)
    fault = replace(made.experiments.injected[0], kind=kind, parameters=full)
    known = replace(
        made.experiments,
        runs=(replace(first, method=(strike, *first.method[1:])),),
        injected=(fault, *made.experiments.injected[1:]),
    )
    about = finding(mechanism, first.name, 1_000_011.0, component=COMPONENTS.get(mechanism, "storefront"))
    told = {"findings.yaml": json.dumps({"findings": [about]})}
    evidence = str(judge("claims-backed", replace(made, experiments=known, documents=told)).evidence)
    assert ("could show it" not in evidence) is tells


def test_nothing_is_healthy_by_a_run_that_broke_nothing() -> None:
    made = shop()
    index = next(n for n, each in enumerate(made.experiments.observed) if each.began == 1_000_410.0)
    calm = made.experiments.observed[0].values
    looks = list(made.experiments.observed)
    looks[index] = replace(looks[index], values={**calm, "requests.success_ratio": 0.99})
    known = replace(made.experiments, observed=tuple(looks))
    assert judge("weaknesses-found", made).passed
    assert not judge("weaknesses-found", replace(made, experiments=known)).passed


def test_nothing_is_healthy_by_a_run_that_asked_when_it_was_over() -> None:
    made = shop()
    ends = tuple(
        replace(each, ended=1_000_409.0, duration_s=3.0) if each.began == 1_000_405.0 else each
        for each in made.experiments.injected
    )
    known = replace(made.experiments, injected=ends)
    assert not judge("weaknesses-found", replace(made, experiments=known)).passed


def test_one_weakness_may_be_missed_or_one_blamed_wrongly() -> None:
    assert judge("weaknesses-found", saying(lambda f: f["findings"].pop())).status is Status.PASS
    assert judge("weaknesses-found", saying(lambda f: f["findings"].append(STAMPEDE))).status is Status.PASS


@pytest.mark.parametrize(("requests", "backed"), [(75.0, True), (300.0, False)])
def test_retries_are_no_sign_where_four_times_as_many_had_ordered(requests: float, *, backed: bool) -> None:
    run, faults, looks = world("mails-refused", 1_000_000.0, deviated=True)
    seen = [
        replace(looks[0], values={**looks[0].values, "jobs.retries": 0.0, "requests.count": requests}),
        replace(looks[1], values={**looks[1].values, "jobs.retries": 200.0}),  # in three seconds
        *looks[2:],
    ]
    known = Experiments({"mails-refused": run.experiment}, (run,), {}, tuple(faults), tuple(seen))
    claim = finding(
        "retries-without-budget", run.name, 1_000_011.0, component="worker-notifications",
        reading="jobs.retries", value=200.0,
    )  # fmt: skip
    told = shop(experiments=known, documents={"findings.yaml": json.dumps({"findings": [claim]})})
    assert ("what it cites does not show this" not in str(judge("claims-backed", told).evidence)) is backed


def test_one_run_is_no_evidence_of_everything() -> None:
    everything = [
        finding(name, "cache-gone-1", 1_000_011.0)
        for name in ("cache-required", "stampede", "single-replica")
    ]
    for number, cited in ((3, everything), (2, everything[:2])):
        told = shop(documents={"findings.yaml": json.dumps({"findings": cited})})
        assert ("tells one from the next" in str(judge("claims-backed", told).evidence)) is (number == 3)


def test_calling_a_weakness_healthy_takes_one_away() -> None:
    planted = {"component": "storefront", "mechanism": "single-replica", "run": "replica-away-1"}
    told = saying(lambda f: [f["findings"].pop(), f["healthy"].append(planted)])
    assert not judge("weaknesses-found", told).passed


def test_nothing_is_healthy_by_a_run_that_did_not_look_at_what_shows_it() -> None:
    made = shop()
    run = next(each for each in made.experiments.runs if each.name == "mails-refused-1")
    asks = run.experiment["steady-state-hypothesis"]
    customers = [each for each in asks["probes"] if each["provider"]["func"] == "success_ratio"]
    other = {**run.experiment, "steady-state-hypothesis": {**asks, "probes": customers}}
    runs = tuple(replace(each, experiment=other) if each == run else each for each in made.experiments.runs)
    unseen = replace(made, experiments=replace(made.experiments, runs=runs))
    assert not judge("weaknesses-found", unseen).passed
    blind = tuple(each for each in made.experiments.observed if each.began % 100 != 1)  # nobody looked before
    unknown = replace(made, experiments=replace(made.experiments, runs=runs, observed=blind))
    assert not judge("weaknesses-found", unknown).passed
    for retries, passes in ((10.0, True), (5000.0, False)):
        looks = tuple(
            replace(each, values={**each.values, "jobs.retries": retries if each.began % 100 == 10 else 10.0})
            for each in made.experiments.observed
        )
        seen = replace(made, experiments=replace(made.experiments, runs=runs, observed=looks))
        assert judge("weaknesses-found", seen).passed is passes
