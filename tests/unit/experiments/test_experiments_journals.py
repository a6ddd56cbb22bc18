"""Whether a journal is true, and who else was there."""

from dataclasses import replace

import pytest
from experiments_looks import AT, NOWHERE, look, measured, struck

from drillyard.assess.experiments.journals import strangers, untrue
from drillyard.assess.experiments.run_rules import bloodless
from drillyard.assess.experiments.runs import Injected, Rollout, Run


@pytest.mark.parametrize(
    ("began", "ended", "told"),
    [
        (11.0, 11.8, True),
        (5.0, 11.8, True),  # begun before it
        (12.0, 60.0, True),  # it had not come to its end
        (1.0, 5.0, False),  # before its first action
        (40.0, 41.0, False),
    ],
)
def test_changes_that_are_applied_meanwhile_are_strangers(began: float, ended: float, told: bool) -> None:
    run, known = struck("network.cut", NOWHERE, [look(AT + 12)])
    known = replace(known, rollouts=(Rollout(AT + began, AT + ended),))
    found = list(strangers(run, known))
    assert bool(found) is told
    assert all("applied" in each for each in found)


@pytest.mark.parametrize(
    ("program", "began", "ended", "own"),
    [
        ("sh -c 'drill apply'", 13.0, 15.0, True),
        ("sleep 25", 13.0, 15.0, False),
        ("sh -c 'drill apply'", 14.8, 15.0, False),  # begun when the other was as good as over
        ("sh -c 'drill apply'", 11.0, 13.0, False),  # over by then
    ],
)
def test_changes_are_a_run_s_own_by_a_program_that_applies(
    program: str, began: float, ended: float, own: bool
) -> None:
    run, known = struck("network.cut", NOWHERE, [look(AT + 12)])
    known = replace(known, rollouts=(Rollout(AT + 13.1, AT + 14.9),))
    called = replace(run.method[0], module="", func="", program=program, began=AT + began, ended=AT + ended)
    run = replace(run, method=(*run.method, called))
    assert (not list(strangers(run, known))) is own


def test_a_fault_of_somebody_else_is_a_stranger() -> None:
    run, known = struck("network.cut", {"link": "storefront-*-to-valkey"}, [look(AT + 12)])
    assert not list(strangers(run, known))
    other = Injected(2, "application.errors", {}, 20.0, AT + 12, AT + 20, "ended on request")
    (told,) = strangers(run, replace(known, injected=(*known.injected, other)))
    assert "application.errors" in told
    felt = look(AT + 12, cache__errors=9.0)
    known = replace(known, observed=(*known.observed, felt))
    assert not list(bloodless(measured(known), run))
    assert list(bloodless(measured(replace(known, injected=(*known.injected, other))), run)) == [told]
    before = replace(other, began=AT - 40, ended=AT - 20)
    assert not list(strangers(run, replace(known, injected=(*known.injected, before))))


def probe_of(run: Run, **changed: object) -> Run:
    return replace(run, after=(replace(run.after[0], **changed),))  # type: ignore[arg-type]  # of any kind


def test_a_probe_is_believed_as_far_as_a_look_of_its_time_says_so() -> None:
    looks = [look(AT + 12, requests__success_ratio=0.5), look(AT + 29, requests__success_ratio=0.9)]
    run, known = struck("network.cut", {"link": "storefront-*-to-valkey"}, looks)
    asked = {"began": AT + 11.9, "ended": AT + 15.1, "output": 0.5, "tolerance": [0.9, 1.0], "met": False}
    run = replace(probe_of(run, **asked), deviated=True, held_after=False, ended=AT + 40)
    assert list(untrue(run, known)) == []
    for turned in (
        probe_of(run, output="0.995", met=True),  # a text
        probe_of(run, output=0.9, met=True, ended=AT + 33),  # of a later look
        probe_of(run, met=True),  # its tolerance says otherwise
        probe_of(run, status="failed", output=None),  # and yet it was answered
        probe_of(run, began=AT + 5.0, ended=AT + 9.0),  # before the fault
    ):
        assert list(untrue(replace(turned, deviated=False, held_after=True), known)), turned.after


def test_whether_it_recovered_is_counted_again() -> None:
    looks = [look(AT + 12, requests__success_ratio=0.5), look(AT + 15, requests__success_ratio=0.6)]
    run, known = struck("network.cut", {"link": "storefront-*-to-valkey"}, looks)
    asked = {"func": "recovers_within", "arguments": {"seconds": 5}}
    asked |= {"began": AT + 11.9, "ended": AT + 18.1}
    bad = replace(probe_of(run, **asked, output=False, met=False), deviated=True, held_after=False)
    assert list(untrue(bad, known)) == []
    assert list(untrue(probe_of(run, **asked, output=True, met=True), known))


def test_names_of_the_configuration_are_read() -> None:
    looks = [look(AT + 12)]
    run, known = struck("network.cut", {"link": "storefront-*-to-valkey"}, looks)
    named = replace(run, experiment={"configuration": {"what": "latency.p95", "s": 3}})
    asked = {"func": "reading", "arguments": {"name": "${what}", "seconds": "${s}"}, "output": 40.0}
    assert list(untrue(probe_of(named, **asked), known)) == []
    assert list(untrue(probe_of(named, **{**asked, "output": 41.0}), known))
