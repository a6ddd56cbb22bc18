"""Work in chaos-engineering that is made up: experiments, what the drill saw of them, what is told."""

import importlib.util
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from drillyard.assess.check import Check, Verdict
from drillyard.assess.discovery import load_checks
from drillyard.assess.experiments.runs import Experiments, Injected, Observed, Run, run_of
from drillyard.assess.measurement import Measurement
from drillyard.faults.catalog import fault_of
from drillyard.measure.reading import Combine, Reading, Unit, Window
from drillyard.scenario.scenario import Scenario

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


def in_trial(flaw: str, values: dict[str, float]) -> dict[str, Reading]:
    """What a trial of one flaw gave on one subject."""
    return {
        f"trial.{flaw}.{name}": Reading(
            f"trial.{flaw}.{name}", value, Unit.COUNT, Window(0.0, 1.0), "", combine=Combine.LAST
        )
        for name, value in values.items()
    }


def trials(*, ours: float, theirs: float) -> dict[str, dict[str, Reading]]:
    def one(value: float) -> dict[str, Reading]:
        return in_trial("cache-required", {"requests.success_ratio": value, "queue.dead": 0.0})

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


def unmoved(m: Measurement) -> Measurement:
    """As on a day on which nothing was broken, whatever was on."""
    good = m.experiments.observed[0].values
    calm = tuple(replace(each, values=good) for each in m.experiments.observed)
    return replace(m, experiments=replace(m.experiments, observed=calm))


def judge(check: str, m: Measurement) -> Verdict:
    return CHECKS[check].judge(m)
