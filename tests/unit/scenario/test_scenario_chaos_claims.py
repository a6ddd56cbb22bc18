"""Runs on a machine without time make no claim wrong, and none right."""

import os
from dataclasses import replace

import pytest
from chaos_work import finding, judge, saying, shop, world

from drillyard.assess.check import Status, Verdict
from drillyard.assess.experiments.course import in_want
from drillyard.assess.experiments.runs import Experiments, Injected, Observed, Run
from drillyard.assess.measurement import Measurement

HANGS, REFUSED = 1_000_400.0, 1_000_300.0
"""When the runs begin that held, and by which two mechanisms are called healthy."""


def hungry(others: float = 0.9) -> dict[str, float]:
    return {"machine.busy": (os.cpu_count() or 1) * others + 0.3, "processes.cpu": 0.3}


def where(made: Measurement, *begins: float, others: float = 0.9) -> Verdict:
    """What is concluded where other programs had a share of the cores in those looks."""
    looks = tuple(
        replace(each, values={**each.values, **hungry(others)}) if each.began in begins else each
        for each in made.experiments.observed
    )
    return judge("weaknesses-found", replace(made, experiments=replace(made.experiments, observed=looks)))


def missing(*more: str) -> Measurement:
    """What was called healthy by a run that held is weak, and something else was missed as well."""
    return replace(saying(lambda f: f["findings"].pop()), planted=(*shop().planted, *more))


def test_a_weakness_that_a_starved_run_did_not_show_is_not_held_against_anybody() -> None:
    weak = missing("cache-without-timeout")
    assert where(weak).status is Status.FAIL
    assert where(weak, HANGS + 10, others=0.5).status is Status.FAIL
    assert where(weak, HANGS + 10).status is Status.INCONCLUSIVE
    assert where(shop(), HANGS + 10).passed


def test_what_is_undecided_says_so_where_it_is_shown() -> None:
    items = where(missing("cache-without-timeout"), HANGS + 10).evidence
    undecided = [each for each in items if each.status is Status.INCONCLUSIVE]
    assert undecided
    assert not [each for each in items if each.status is Status.FAIL]
    assert all("starved while cache-hangs-1 went on" in each.reason for each in undecided)


@pytest.mark.parametrize("begins", [REFUSED + 10, HANGS + 1, 1_000_510.0])
def test_a_starved_run_excuses_no_other(begins: float) -> None:
    """Of another claim, before its fault, and of a run that nobody cites."""
    assert where(missing("cache-without-timeout"), begins).status is Status.FAIL


def test_more_than_is_undecided_stays_wrong() -> None:
    weak = missing("cache-without-timeout", "stampede", "pool-held-by-partner")
    assert where(weak, HANGS + 10).status is Status.FAIL


def test_a_starved_run_excuses_nothing_that_is_untrue_or_of_no_known_mechanism() -> None:
    weak = missing("cache-without-timeout")
    made_up = {"component": "x", "mechanism": "no-such-thing", "run": "cache-hangs-1"}
    told = saying(lambda f: [f["findings"].pop(), f["healthy"].append(made_up), f["healthy"].pop(1)])
    assert where(replace(told, planted=weak.planted), HANGS + 10).status is Status.FAIL
    lied = [
        replace(each, began=1.0, ended=2.0) if each.name == "cache-hangs-1" else each for each in _runs(weak)
    ]
    assert where(_with(weak, runs=tuple(lied)), HANGS + 10).status is Status.FAIL


def test_what_a_starved_run_showed_may_be_wrong() -> None:
    """Two are blamed that are well, by the readings of a machine that had no time for the shop."""
    blamed = [
        finding("single-replica", "replica-away-1", 1_000_211.0),
        finding("dead-replica-in-rotation", "replica-away-1", 1_000_211.0, component="haproxy"),
    ]
    told = saying(lambda f: [f["findings"].pop(), f["findings"].extend(blamed)])
    well = replace(told, planted=("cache-required", "charge-without-key", "start-needs-partner"))
    assert where(well).status is Status.FAIL
    assert where(well, 1_000_210.0).status is Status.INCONCLUSIVE


def test_a_control_that_held_does_not_make_a_starved_run_fed() -> None:
    again, faults, looks = world("replica-away", 1_000_700.0, deviated=False, number=2)
    control = finding("single-replica", again.name, 1_000_711.0, value=0.99)["evidence"]
    told = saying(lambda f: f["findings"][-1]["evidence"].extend(control))
    known = told.experiments
    both = _with(
        replace(told, planted=("cache-required", "charge-without-key", "start-needs-partner")),
        runs=(*known.runs, again),
        injected=(*known.injected, *faults),
        observed=(*known.observed, *looks),
    )
    assert judge("claims-backed", both).passed
    assert where(both).status is Status.FAIL
    assert where(both, 1_000_710.0).status is Status.FAIL
    undecided = where(both, 1_000_210.0)
    assert undecided.status is Status.INCONCLUSIVE
    assert "while replica-away-1 went on" in undecided.reason


def _runs(made: Measurement) -> tuple[Run, ...]:
    return tuple(made.experiments.runs)


def _with(made: Measurement, **changed: object) -> Measurement:
    return replace(made, experiments=replace(made.experiments, **changed))


FED = {"machine.busy": 0.3, "processes.cpu": 0.3}
STOLEN = {"machine.steal": 0.5}


@pytest.mark.parametrize(
    ("looks", "starved"),
    [
        ([], False),
        ([(10, 13, FED)], False),
        ([(10, 13, hungry())], True),
        ([(10, 13, STOLEN)], True),
        ([(10, 13, FED), (14, 17, hungry())], False),  # half of the seconds
        ([(10, 13, FED), (14, 18, hungry())], True),
        ([(10, 13, FED), (13, 13.1, hungry()), (14, 14.1, hungry())], False),  # too short to tell
        ([(10, 13, FED), (0, 6, hungry())], False),  # one second of it with the fault on
        ([(30, 33, hungry())], False),
    ],
)
def test_a_run_is_starved_by_most_of_its_seconds(
    looks: list[tuple[float, float, dict[str, float]]], *, starved: bool
) -> None:
    made = shop()
    run = made.experiments.runs[0]
    at = run.began
    fault = next(each for each in made.experiments.injected if each.began > at)
    on = Injected(fault.number, fault.kind, fault.parameters, 20.0, at + 5, at + 24)
    seen = tuple(Observed(at + began, at + ended, values) for began, ended, values in looks)
    known = Experiments({}, (run,), {}, (on,), seen)
    assert in_want(run, known) is starved
