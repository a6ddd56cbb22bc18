"""Repairs in chaos-engineering: the experiment once more, and the grader's trials."""

import json
from dataclasses import replace

import pytest
from chaos_work import (
    CHECKS,
    MECHANISMS,
    SCENARIO,
    finding,
    in_trial,
    judge,
    shop,
    trials,
)

from drillyard.assess.check import Status
from drillyard.assess.measurement import Measurement


def test_another_experiment_of_the_same_name_proves_no_repair() -> None:
    made = shop()
    *others, again = made.experiments.runs
    easier = {**again.experiment, "method": again.experiment["method"][:1]}
    known = replace(made.experiments, runs=(*others, replace(again, experiment=easier)))
    assert judge("weakness-mended", replace(made, experiments=known)).status is Status.FAIL


def test_a_trial_in_which_the_twin_was_well_proves_nothing() -> None:
    assert (
        judge("weakness-mended", shop(findings=trials(ours=0.99, theirs=0.99))).status is Status.INCONCLUSIVE
    )
    assert judge("weakness-mended", shop(findings=trials(ours=0.5, theirs=0.3))).status is Status.FAIL


def test_the_same_experiment_has_the_same_configuration_and_faults() -> None:
    made = shop()
    *others, again = made.experiments.runs
    other = {**again.experiment, "configuration": {"link": "worker-reports-to-valkey"}}
    known = replace(made.experiments, runs=(*others, replace(again, experiment=other)))
    assert judge("repair-shown", replace(made, experiments=known)).status is Status.FAIL
    renamed = {**again.experiment, "title": "Once more", "configuration": {"drill": "another"}}
    known = replace(made.experiments, runs=(*others, replace(again, experiment=renamed)))
    assert judge("repair-shown", replace(made, experiments=known)).passed


def test_a_repair_is_no_smaller_crowd() -> None:
    made = shop()
    busy = tuple(
        replace(each, values={**each.values, "requests.count": 300.0}) if each.began < 1_000_030 else each
        for each in made.experiments.observed
    )
    known = replace(made.experiments, observed=busy)
    verdict = judge("repair-shown", replace(made, experiments=known))
    assert verdict.status is Status.FAIL
    assert "requests a second" in str(verdict.evidence)


def test_a_repair_that_is_claimed_tells_nothing_of_the_variant() -> None:
    def claims(mechanism: str) -> str:
        about = finding(mechanism, "mails-refused-1", 1_000_311.0, fixed=True)
        told = {"findings.yaml": json.dumps({"findings": [about]})}
        return str(judge("repair-shown", shop(documents=told)).evidence).replace(mechanism, "it")

    assert len({claims(each) for each in MECHANISMS}) == 1
    assert all(not CHECKS[each].quick for each in ("weaknesses-found", "weakness-mended"))


def mending(flaw: str, ours: float, theirs: float, **more: float) -> Measurement:
    """A trial of one flaw, and `more` of ours beside it."""
    moves = next(each.moves for each in SCENARIO.flaws if each.id == flaw)

    beside = {"requests.success_ratio": 1.0, "queue.dead": 0.0} | {
        name.replace("__", "."): each for name, each in more.items()
    }
    found = {
        "learner": in_trial(flaw, {moves: ours, **beside}),
        "twin": in_trial(flaw, {moves: theirs, "requests.success_ratio": 1.0}),
    }
    about = finding(flaw, "cache-gone-1", 1_000_011.0, fixed=True)
    told = {"findings.yaml": json.dumps({"findings": [about]})}
    return shop(planted=(flaw,), findings=found, documents=told)


@pytest.mark.parametrize(
    ("flaw", "ours", "theirs", "more", "status"),
    [
        ("retries-without-budget", 100, 700, {}, Status.PASS),
        ("retries-without-budget", 0, 700, {"queue__dead": 5}, Status.FAIL),
        ("retries-without-budget", 100, 300, {}, Status.INCONCLUSIVE),
        ("retries-without-budget", 300, 330, {}, Status.FAIL),
        ("charge-without-key", 0, 20, {}, Status.PASS),
        ("charge-without-key", 1, 20, {}, Status.INCONCLUSIVE),
        ("charge-without-key", 9, 20, {}, Status.FAIL),
        ("charge-without-key", 12, 20, {}, Status.FAIL),
        ("stampede", 25, 39, {}, Status.FAIL),
        ("stampede", 21, 60, {}, Status.INCONCLUSIVE),
        ("acknowledged-before-work", 4, 16, {}, Status.FAIL),
        ("acknowledged-before-work", 0, 16, {"queue__dead": 3}, Status.FAIL),
        ("charge-without-key", 20, 20, {}, Status.FAIL),
        ("charge-without-key", 0, 9, {"requests__success_ratio": 0.7}, Status.FAIL),
        ("charge-without-key", 0, 9, {"queue__dead": 2}, Status.FAIL),
        ("stampede", 4, 60, {"requests__success_ratio": 0.05}, Status.FAIL),
        ("stampede", 0, 60, {}, Status.INCONCLUSIVE),
        ("stampede", 30, 60, {}, Status.FAIL),
    ],
)  # fmt: skip
def test_a_trial_asks_what_a_repair_costs(
    flaw: str, ours: float, theirs: float, more: dict[str, float], status: Status
) -> None:
    assert judge("weakness-mended", mending(flaw, ours, theirs, **more)).status is status
