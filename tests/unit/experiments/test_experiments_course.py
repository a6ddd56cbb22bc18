"""How a run went, whether its journal is true, and who else was there."""

from dataclasses import replace

import pytest
from experiments_looks import AT, NOWHERE, look, measured, struck

from drillyard.assess.experiments.course import crowd_before, not_well, outcome, was_on
from drillyard.assess.experiments.journals import strangers, untrue
from drillyard.assess.experiments.run_rules import bloodless
from drillyard.assess.experiments.runs import Injected, Run


def test_changes_that_are_applied_meanwhile_are_strangers() -> None:
    run, known = struck("network.cut", NOWHERE, [look(AT + 12)])
    assert not list(strangers(run, replace(known, applied=(AT + 40,))))
    (told,) = strangers(run, replace(known, applied=(AT + 11.8,)))
    assert "applied" in told
    program = replace(run.method[0], module="ours", func="deploy", began=AT + 11, ended=AT + 13)
    assert not list(
        strangers(replace(run, method=(*run.method, program)), replace(known, applied=(AT + 11.8,)))
    )


def test_a_spent_budget_is_no_hypothesis_that_held() -> None:
    run, known = struck("network.cut", {"link": "storefront-*-to-valkey"}, [look(AT + 12)])
    assert outcome(run, known) is True
    over = tuple(
        replace(each, ended=AT + 12, why="error budget spent: 9 requests failed") for each in known.injected
    )
    assert outcome(run, replace(known, injected=over)) is False


def test_who_asks_when_all_is_over_has_asked_nothing() -> None:
    run, known = struck("network.cut", {"link": "storefront-*-to-valkey"}, [look(AT + 12)])
    assert was_on(run, known)
    late = replace(run.after[0], began=AT + 28.5, ended=AT + 29.5)
    assert not was_on(replace(run, after=(late,)), known)
    assert was_on(replace(run, after=(replace(late, func="recovers_within"),)), known)


def test_a_hypothesis_that_could_not_be_asked_neither_held_nor_deviated() -> None:
    run, known = struck("network.cut", {"link": "storefront-*-to-valkey"}, [look(AT + 12)])
    failed = replace(run, after=(replace(run.after[0], status="failed"),), deviated=True, held_after=False)
    assert outcome(failed, known) is None
    often = replace(run, during=(run.after[0],), held_during=False)
    assert outcome(often, known) is False


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


def test_why_it_is_not_well_is_told_apart() -> None:
    run, known = struck("network.cut", {"link": "storefront-*-to-valkey"}, [look(AT + 12)])
    assert "nobody looked" in not_well(run, known)
    after = replace(known, observed=(*known.observed, look(AT + 32)))
    assert not_well(run, after) == ""
    bad = replace(known, observed=(*known.observed, look(AT + 32, requests__success_ratio=0.5)))
    assert "not served well" in not_well(run, bad)
    still = tuple(replace(each, ended=None) for each in known.injected)
    assert "is still on" in not_well(run, replace(after, injected=still))


def test_customers_are_counted_before_the_fault() -> None:
    crowd = [look(AT + 1, requests__count=360.0), look(AT + 5, requests__count=360.0)]
    run, known = struck("cache.flush", {}, [look(AT + 12)], crowd)
    assert crowd_before(run, known) == pytest.approx(120.0)


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
