"""The checks of chaos-engineering, on experiments that are made up; what ships agrees with itself."""

import re
from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest
from chaos_work import (
    CHECKS,
    MECHANISMS,
    NAMES,
    QUESTIONS,
    SCENARIO,
    hypotheses,
    judge,
    shop,
    trials,
    unmoved,
)

from drillyard.assess.check import Status
from drillyard.assess.experiments.runs import Experiments, Injected
from drillyard.assess.invariants import invariants
from drillyard.assess.measurement import Measurement
from drillyard.chaos.review import review
from drillyard.faults.catalog import fault_of
from drillyard.scenario.changes import Changes
from drillyard.scenario.yaml_file import read_model


@pytest.mark.parametrize("check", [each for each in CHECKS if each != "nothing-removed"])
def test_whole_work_passes(check: str) -> None:
    verdict = judge(check, shop())
    assert verdict.status is Status.PASS, verdict.evidence


def without_observations(m: Measurement) -> Measurement:
    return replace(m, experiments=replace(m.experiments, observed=()))


def without_faults(m: Measurement) -> Measurement:
    return replace(m, experiments=replace(m.experiments, injected=()))


def with_ends(seconds: float, why: str) -> Callable[[Measurement], Measurement]:
    def end(m: Measurement) -> Measurement:
        short = tuple(replace(each, ended=each.began + seconds, why=why) for each in m.experiments.injected)
        return replace(m, experiments=replace(m.experiments, injected=short))

    return end


@pytest.mark.parametrize(
    ("check", "change"),
    [
        ("hypotheses-written", lambda m: replace(m, documents={})),
        ("criteria-agree", lambda m: hypotheses(m, lambda text: text.replace("0.9 ", "0.7 "))),
        ("experiments-ran", lambda m: replace(m, experiments=Experiments())),
        ("experiments-valid", lambda m: replace(m, experiments=Experiments())),
        ("journals-true", without_observations),
        ("journals-true", without_faults),
        ("faults-bit", without_faults),
        ("faults-bit", without_observations),
        ("faults-bit", unmoved),
        ("faults-bit", with_ends(1.0, "ended on request")),
        ("steady-again", with_ends(10_000.0, "its time was over")),
        ("outcomes-told", lambda m: replace(m, documents={"analysis.md": "- cache-gone-1: held"})),
        ("weakness-mended", lambda m: replace(m, findings=trials(ours=0.31, theirs=0.3))),
    ],
)  # fmt: skip
def test_work_that_is_not_whole_fails(check: str, change: Callable[[Measurement], Measurement]) -> None:
    assert judge(check, change(shop())).status is Status.FAIL


def test_one_experiment_under_three_names_is_one() -> None:
    made = shop()
    first, faults = made.experiments.runs[0], made.experiments.injected[:1]
    names = ("one", "two", "three")
    runs = tuple(replace(first, name=f"{name}-1") for name in names)
    known = replace(
        made.experiments, files=dict.fromkeys(names, first.experiment), runs=runs, injected=faults * 3
    )
    text = made.documents["hypothesis.md"].split("## ")[1].split("\n", 1)[1]
    told = {"hypothesis.md": "".join(f"## {name}\n{text}\n" for name in names)}
    for check in ("hypotheses-written", "experiments-differ"):
        assert not judge(check, replace(made, experiments=known, documents=told)).passed, check


def test_an_outcome_that_is_told_both_ways_is_not_told() -> None:
    lines = [f"- {run.name}: {word}" for run in shop().experiments.runs for word in ("held", "deviated")]
    told = {"analysis.md": "# A\n\n## Hypotheses and outcomes\n\n" + "\n".join(lines)}
    assert not judge("outcomes-told", shop(documents=told)).passed


def test_one_run_under_three_names_is_no_run() -> None:
    made = shop()
    first = made.experiments.runs[0]
    copies = [replace(first, name=f"{name}-1") for name in NAMES]
    known = replace(made.experiments, runs=tuple(copies))
    for check in ("journals-true", "experiments-ran", "experiments-differ"):
        assert judge(check, replace(made, experiments=known)).status is Status.FAIL, check


def test_an_experiment_that_does_not_count_is_told_also_when_there_are_enough() -> None:
    made = shop()
    last = made.experiments.runs[3]
    left = [each for each in made.experiments.injected if not last.began <= each.began <= last.ended]
    verdict = judge(
        "journals-true", replace(made, experiments=replace(made.experiments, injected=tuple(left)))
    )
    assert verdict.passed
    told = [each for each in verdict.evidence if each.aside]
    assert told
    assert all(f"{NAMES[3]} does not count" in each.what for each in told)


def test_what_was_asked_beside_a_fault_of_somebody_else_is_no_question() -> None:
    made = shop()
    others = [
        Injected(90, "application.errors", {}, 20.0, run.method[0].began, run.ended, "ended on request")
        for run in made.experiments.runs
    ]
    known = replace(made.experiments, injected=(*made.experiments.injected, *others))
    assert judge("experiments-differ", made).passed
    assert not judge("experiments-differ", replace(made, experiments=known)).passed


def test_an_outcome_that_was_turned_round_is_not_believed() -> None:
    made = shop()
    turned = [
        replace(run, deviated=not run.deviated, held_after=not run.held_after)
        for run in made.experiments.runs
    ]
    known = replace(made.experiments, runs=tuple(turned))
    assert judge("journals-true", replace(made, experiments=known)).status is Status.FAIL


def test_a_hypothesis_about_nothing_of_the_shop_cannot_be_refuted() -> None:
    probe = {
        "type": "probe", "name": "true", "tolerance": 0,
        "provider": {"type": "process", "path": "true"},
    }  # fmt: skip
    made = shop()
    about = {"title": "t", "probes": [probe]}
    runs = [
        replace(run, experiment={**run.experiment, "steady-state-hypothesis": about})
        for run in made.experiments.runs
    ]
    known = replace(made.experiments, runs=tuple(runs))
    assert judge("hypotheses-can-fail", replace(made, experiments=known)).status is Status.FAIL


def test_a_fault_that_its_budget_ended_was_not_switched_off() -> None:
    ended = with_ends(1.0, "error budget spent: 9 requests failed, 8 were allowed")(shop())
    assert not any("was over after" in each.what for each in judge("faults-bit", ended).evidence)


def test_the_words_of_the_page_are_the_mechanisms_and_nothing_of_a_variant_is_told() -> None:
    page = SCENARIO.page("4")
    assert set(re.findall(r"^\| `([a-z-]+)` \| `", page, re.MULTILINE)) == MECHANISMS
    assert len(MECHANISMS) >= 10
    assert {each for question in QUESTIONS.values() for each in question.mechanisms} == MECHANISMS


def test_every_variant_has_three_weaknesses_at_least_that_can_be_told_apart() -> None:
    for number in range(1, 40):
        assert 3 <= len(SCENARIO.variant(number).flaws) <= 4


def test_every_flaw_has_a_trial_whose_faults_there_are() -> None:
    for flaw in SCENARIO.flaws:
        assert flaw.trial
        for seed in range(20):
            drawn = flaw.trial(Random(seed))
            assert all(fault_of(each.fault, dict(each.parameters)) for each in drawn.strikes)
            assert 5 <= drawn.seconds + drawn.after_s <= 40


def test_the_solutions_experiments_leave_nothing_to_remark() -> None:
    for question in QUESTIONS.values():
        kinds = {each.kind for each in review(question.experiment())}
        assert kinds <= {"loose-tolerance"}, question.name


def test_solutions_and_cheats_are_whole() -> None:
    known = {*CHECKS, *(each.id for each in invariants(SCENARIO.manifest))}
    for solution in SCENARIO.solutions():
        assert read_model(solution.directory / "changes.yaml", Changes).edits
    assert len(SCENARIO.cheats()) >= 5
    for cheat in SCENARIO.cheats():
        assert set(cheat.expectation().named) <= known, cheat.name
