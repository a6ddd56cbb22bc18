"""The checks of chaos-engineering, on experiments that are made up; what ships agrees with itself."""

import importlib.util
import json
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from drillyard.assess.check import Check, Status, Verdict
from drillyard.assess.discovery import load_checks
from drillyard.assess.experiments.runs import Experiments, Injected, Observed, Run, run_of
from drillyard.assess.invariants import invariants
from drillyard.assess.measurement import Measurement
from drillyard.chaos.review import review
from drillyard.faults.catalog import fault_of, function_of
from drillyard.measure.reading import Combine, Reading, Unit, Window
from drillyard.scenario.changes import Changes
from drillyard.scenario.scenario import Scenario
from drillyard.scenario.yaml_file import read_model

SCENARIO = Scenario.load(Path(__file__).parents[3] / "scenarios" / "chaos-engineering")
CHECKS: dict[str, Check] = {check.id: check for check in load_checks(SCENARIO.directory)}
MECHANISMS = {flaw.id for flaw in SCENARIO.flaws}
PLANTED = ("cache-required", "charge-without-key", "single-replica")


def _questions() -> dict[str, Any]:
    file = SCENARIO.directory / "solutions" / "_experiments.py"
    spec = importlib.util.spec_from_file_location("chaos_solution_experiments", file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return {each.name: each for each in module.QUESTIONS}


QUESTIONS = _questions()
NAMES = ("cache-gone", "partner-late", "replica-away", "mails-refused", "cache-hangs")


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


def world(
    name: str, at: float, *, deviated: bool, number: int = 1
) -> tuple[Run, list[Injected], list[Observed]]:
    """One run that begins at `at` and lasts 30 s, with what the drill saw of it."""
    question = QUESTIONS[name]
    experiment = question.experiment()
    faults, seen, entries = [], [], []
    for place, (kind, parameters) in enumerate(question.faults):
        began = at + 5 + place / 10
        full = fault_of(kind, dict(parameters)).model_dump(mode="json")
        faults.append(Injected(place, kind, full, question.seconds, began, at + 24.0, "ended on request"))
        entries.append(done(experiment["method"][place], began - 0.1, began + 0.1))
    good = {
        "requests.success_ratio": 0.995, "cache.errors": 0.0, "jobs.failed": 0.0, "latency.p95": 30.0,
        "services.down": 0.0, "processes.restarts": 0.0, "jobs.duration.charge_payment": 200.0,
        "requests.count": 75.0, "partner.doubled": 0.0,
    }  # fmt: skip
    bad = {
        "requests.success_ratio": 0.3, "cache.errors": 50.0, "jobs.failed": 9.0, "latency.p95": 30.0,
        "services.down": 1.0, "processes.restarts": 2.0, "jobs.duration.charge_payment": 3000.0,
        "requests.count": 75.0, "partner.doubled": 6.0,
    }  # fmt: skip
    during = bad if deviated else {**bad, "requests.success_ratio": 0.99}
    seen += [
        Observed(at + 1, at + 4, good),
        Observed(at + 10, at + 13, during),
        Observed(at + 26, at + 29, good),
    ]
    entries.append(done(experiment["method"][-1], at + 9.9, at + 13.1, during))
    probe = experiment["steady-state-hypothesis"]["probes"][0]
    after = {
        **done(probe, at + 9.9, at + 13.1, during["requests.success_ratio"]), "tolerance_met": not deviated,
    }  # fmt: skip
    journal = {
        "status": "completed", "deviated": deviated, "experiment": experiment,
        "start": iso(at), "end": iso(at + 25), "run": entries,
        "steady_states": {
            "before": {"steady_state_met": True, "probes": [done(probe, at + 0.9, at + 4.1, 0.995)]},
            "after": {"steady_state_met": not deviated, "probes": [after]},
        },
    }  # fmt: skip
    return run_of(f"{name}-{number}", json.loads(json.dumps(journal))), faults, seen


def done(activity: Any, began: float, ended: float, output: Any = None) -> dict[str, Any]:
    return {
        "activity": activity, "status": "succeeded", "output": output, "start": iso(began), "end": iso(ended),
    }  # fmt: skip


def shop(**changed: Any) -> Measurement:
    """Four experiments, of which those of what is planted deviated, and the first ran once more and held."""
    files, runs, injected, observed = {}, [], [], []
    plan = [(name, bool(set(QUESTIONS[name].mechanisms) & set(PLANTED)), 1) for name in NAMES]
    for place, (name, deviated, number) in enumerate([*plan, (NAMES[0], False, 2)]):
        run, faults, seen = world(name, 1_000_000.0 + 100 * place, deviated=deviated, number=number)
        files[name] = run.experiment
        runs.append(run)
        injected += faults
        observed += seen
    known = Experiments(files, tuple(runs), {}, tuple(injected), tuple(observed))
    documents = {
        "hypothesis.md": "# H\n\n" + "\n".join(QUESTIONS[name].hypothesis() for name in NAMES),
        "findings.yaml": json.dumps(findings()),
        "analysis.md": "# A\n\n## Hypotheses and outcomes\n\n"
        + "\n".join(f"- {run.name}: {'deviated' if run.deviated else 'held'}. Pools held." for run in runs),
    }
    base = Measurement(
        "s1", "chaos-engineering", "1", "full", 0.0, 1.0, (),
        documents=documents, experiments=known, planted=PLANTED, findings=trials(ours=0.99, theirs=0.3),
    )  # fmt: skip
    return replace(base, **changed)


def trials(*, ours: float, theirs: float) -> dict[str, dict[str, Reading]]:
    name = "trial.cache-required.requests.success_ratio"

    def one(value: float) -> dict[str, Reading]:
        return {name: Reading(name, value, Unit.RATIO, Window(0.0, 1.0), "", combine=Combine.LAST)}

    return {"learner": one(ours), "twin": one(theirs)}


def finding(
    mechanism: str,
    run: str,
    at: float,
    *,
    fixed: bool = False,
    component: str = "storefront",
    reading: str = "requests.success_ratio",
    value: float = 0.3,
) -> dict[str, Any]:
    return {
        "component": component, "mechanism": mechanism, "severity": "high", "fixed": fixed,
        "evidence": [{"run": run, "reading": reading, "at": iso(at), "value": value}],
        "action": "One two three four five six.",
    }  # fmt: skip


def findings(change: Callable[[dict[str, Any]], object] = lambda _: None) -> dict[str, Any]:
    found = {
        "findings": [
            finding("cache-required", "cache-gone-1", 1_000_011.0, fixed=True),
            finding(
                "charge-without-key",
                "partner-late-1",
                1_000_111.0,
                component="worker-payments",
                reading="partner.doubled",
                value=6,
            ),
            finding("single-replica", "replica-away-1", 1_000_211.0),
        ],
        "healthy": [
            {
                "component": "worker-notifications",
                "mechanism": "retries-without-budget",
                "run": "mails-refused-1",
            },
            {"component": "storefront", "mechanism": "cache-without-timeout", "run": "cache-hangs-1"},
        ],
    }
    change(found)
    return found


STAMPEDE = finding("stampede", "cache-gone-1", 1_000_011.0)
START = finding("start-needs-partner", "replica-away-1", 1_000_211.0)


def hypotheses(m: Measurement, change: Callable[[str], str]) -> Measurement:
    return replace(m, documents={"hypothesis.md": change(m.documents["hypothesis.md"])})


def saying(change: Callable[[dict[str, Any]], object]) -> Measurement:
    made = shop()
    return replace(made, documents={**made.documents, "findings.yaml": json.dumps(findings(change))})


def judge(check: str, m: Measurement) -> Verdict:
    return CHECKS[check].judge(m)


@pytest.mark.parametrize("check", [each for each in CHECKS if each != "nothing-removed"])
def test_whole_work_passes(check: str) -> None:
    verdict = judge(check, shop())
    assert verdict.status is Status.PASS, verdict.evidence


def without_observations(m: Measurement) -> Measurement:
    return replace(m, experiments=replace(m.experiments, observed=()))


def without_faults(m: Measurement) -> Measurement:
    return replace(m, experiments=replace(m.experiments, injected=()))


def unmoved(m: Measurement) -> Measurement:
    """As on a day on which nothing was broken, whatever was on."""
    good = m.experiments.observed[0].values
    calm = tuple(replace(each, values=good) for each in m.experiments.observed)
    return replace(m, experiments=replace(m.experiments, observed=calm))


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


def test_one_run_under_three_names_is_no_run() -> None:
    made = shop()
    first = made.experiments.runs[0]
    copies = [replace(first, name=f"{name}-1") for name in NAMES]
    known = replace(made.experiments, runs=tuple(copies))
    for check in ("journals-true", "experiments-ran", "experiments-differ"):
        assert judge(check, replace(made, experiments=known)).status is Status.FAIL, check


def test_an_outcome_that_was_turned_round_is_not_believed() -> None:
    made = shop()
    turned = [
        replace(run, deviated=not run.deviated, held_after=not run.held_after)
        for run in made.experiments.runs
    ]
    known = replace(made.experiments, runs=tuple(turned))
    assert judge("journals-true", replace(made, experiments=known)).status is Status.FAIL


def test_another_experiment_of_the_same_name_proves_no_repair() -> None:
    made = shop()
    *others, again = made.experiments.runs
    easier = {**again.experiment, "method": again.experiment["method"][:1]}
    known = replace(made.experiments, runs=(*others, replace(again, experiment=easier)))
    assert judge("weakness-mended", replace(made, experiments=known)).status is Status.FAIL


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


def test_a_trial_in_which_the_twin_was_well_proves_nothing() -> None:
    assert (
        judge("weakness-mended", shop(findings=trials(ours=0.99, theirs=0.99))).status is Status.INCONCLUSIVE
    )
    assert judge("weakness-mended", shop(findings=trials(ours=0.5, theirs=0.3))).status is Status.FAIL


def test_a_fault_that_its_budget_ended_was_not_switched_off() -> None:
    ended = with_ends(1.0, "error budget spent: 9 requests failed, 8 were allowed")(shop())
    assert not any("was over after" in each.what for each in judge("faults-bit", ended).evidence)


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


def test_what_is_missing_may_be_told_by_a_probe_of_ones_own() -> None:
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
    about["evidence"][0]["value"] = 9
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

    def readings(values: dict[str, float]) -> dict[str, Reading]:
        return {
            f"trial.{flaw}.{name}": Reading(
                f"trial.{flaw}.{name}", value, Unit.COUNT, Window(0.0, 1.0), "", combine=Combine.LAST
            )
            for name, value in values.items()
        }

    beside = {"requests.success_ratio": 1.0} | {name.replace("__", "."): each for name, each in more.items()}
    found = {
        "learner": readings({moves: ours, **beside}),
        "twin": readings({moves: theirs, "requests.success_ratio": 1.0}),
    }
    about = finding(flaw, "cache-gone-1", 1_000_011.0, fixed=True)
    told = {"findings.yaml": json.dumps({"findings": [about]})}
    return shop(planted=(flaw,), findings=found, documents=told)


@pytest.mark.parametrize(
    ("flaw", "ours", "theirs", "more", "status"),
    [
        ("retries-without-budget", 100, 700, {}, Status.PASS),
        ("retries-without-budget", 0, 700, {"queue__dead__notifications": 5}, Status.FAIL),
        ("retries-without-budget", 100, 300, {}, Status.INCONCLUSIVE),
        ("retries-without-budget", 300, 330, {}, Status.FAIL),
        ("charge-without-key", 0, 20, {}, Status.PASS),
        ("charge-without-key", 20, 20, {}, Status.FAIL),
        ("charge-without-key", 0, 9, {"requests__success_ratio": 0.7}, Status.FAIL),
        ("charge-without-key", 0, 9, {"queue__dead__payments": 2}, Status.FAIL),
        ("stampede", 4, 60, {"requests__success_ratio": 0.05}, Status.FAIL),
        ("stampede", 0, 60, {}, Status.INCONCLUSIVE),
    ],
)  # fmt: skip
def test_a_trial_asks_what_a_repair_costs(
    flaw: str, ours: float, theirs: float, more: dict[str, float], status: Status
) -> None:
    assert judge("weakness-mended", mending(flaw, ours, theirs, **more)).status is status


def test_one_weakness_may_be_missed_or_one_blamed_wrongly() -> None:
    assert judge("weaknesses-found", saying(lambda f: f["findings"].pop())).status is Status.PASS
    assert judge("weaknesses-found", saying(lambda f: f["findings"].append(STAMPEDE))).status is Status.PASS


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
            assert 5 <= drawn.seconds + drawn.after_s <= 30


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
