from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_manifest import MANIFEST, SAID

from drillyard.assess.check import Check, Need, Status, Verdict, combined
from drillyard.assess.documents import with_workspace, written
from drillyard.assess.invariants import invariants, limits
from drillyard.assess.judge import judge_submission, judge_task, run_check
from drillyard.assess.probes import pages, reports
from drillyard.assess.prose import sections_of
from drillyard.measure.reading import Combine, Reading, Unit, Window
from drillyard.traffic.result import Outcome, RouteResult


def a_check(judge, name="good") -> Check:
    return Check(name, "one", "It is good", frozenset({Need.LEARNER}), True, judge)


def passes(_):
    return Verdict(Status.PASS)


@pytest.fixture
def whole(make_measurement):
    """A measurement in which every invariant holds."""
    exact = {
        "ledger.acknowledged": 5, "ledger.missing": 0, "ledger.changed": 0, "ledger.doubled": 0,
        "ledger.incomplete": 0, "promise.orders_per_checkout": 1, "promise.order_missing": 0,
        **{f"content.true.{kind}": 1 for kind in (*pages.KINDS, *reports.KINDS)},
        "content.seen": 40, "content.seen_false": 0, "jobs.lost": 0, "rows.lost.orders": 0,
        "promise.price_seen_after": 15, "promise.payment_wait": 1, "promise.partner_switched": 0,
        "services.down": 0,
        "services.without_process": 0, "services.processes": 6, "db.connections.max": 20,
        "processes.memory": 3e8, "requests.wrong": 0, "requests.count": 100,
    }  # fmt: skip
    findings = {
        name: Reading(name, value, Unit.COUNT, Window(0, 1), "test", combine=Combine.LAST)
        for name, value in exact.items()
    }
    return make_measurement(
        {"learner": {"requests.success_ratio": [1.0, 1.0, 1.0]}},
        unit=Unit.RATIO,
        findings={"learner": findings},
    )


def with_finding(m, name, value):
    m.findings["learner"][name] = Reading(name, value, Unit.COUNT, Window(0, 1), "test")
    return m


def test_a_check_that_breaks_is_our_fault_and_never_a_pass(whole):
    result = run_check(a_check(lambda m: 1 / 0), whole)
    assert result.verdict.status is Status.INCONCLUSIVE
    assert result.verdict.our_bug
    assert "not your fault" in result.verdict.reason
    assert run_check(a_check(lambda m: True), whole).verdict.our_bug


def test_a_missing_reading_is_inconclusive_and_nobodys_fault(whole):
    result = run_check(a_check(lambda m: m.learner["no.such.reading"]), whole)
    assert result.verdict.status is Status.INCONCLUSIVE
    assert not result.verdict.our_bug


def test_what_only_a_submission_can_decide_is_not_told_before(whole):
    def asked(_):
        raise AssertionError("it was asked")

    later = replace(a_check(asked), quick=False)
    task, _ = judge_task(MANIFEST, MANIFEST.tasks[0], [later], whole)
    assert task.checks == ()


def test_a_task_is_judged_with_all_invariants_beside_it(whole):
    task, kept = judge_task(MANIFEST, MANIFEST.tasks[0], [a_check(passes)], whole)
    assert task.status is Status.PASS
    assert {result.id: result.verdict.status for result in kept} == {
        each.id: Status.PASS for each in invariants(MANIFEST)
    }


@pytest.mark.parametrize(
    ("reading", "value", "broken"),
    [
        ("ledger.missing", 1, "writes-kept"),
        ("ledger.changed", 1, "writes-kept"),
        ("ledger.incomplete", 1, "orders-whole"),
        ("promise.orders_per_checkout", 2, "orders-whole"),
        ("promise.order_missing", 1, "orders-whole"),
        ("content.true.reviews", 0.5, "pages-true"),
        ("content.true.requested_sales", 0.5, "pages-true"),
        ("content.seen_false", 2, "pages-true"),
        ("rows.lost.orders", 1, "rows-kept"),
        ("services.without_process", 1, "services-running"),
        ("services.down", 1, "services-running"),
        ("services.processes", 7, "within-budget"),
        ("db.connections.max", 41, "within-budget"),
        ("processes.memory", 6e8, "within-budget"),
        ("promise.price_seen_after", 31.5, "prices-fresh"),
        ("promise.payment_wait", 6, "payments-first"),
        ("promise.partner_switched", 1, "payments-first"),
        ("jobs.lost", 1, "jobs-kept"),
        ("requests.wrong", 3, "customers-served"),
    ],
)
def test_each_invariant_breaks_for_its_own_reason(whole, reading, value, broken):
    _, kept = judge_task(MANIFEST, MANIFEST.tasks[0], [], with_finding(whole, reading, value))
    assert [result.id for result in kept if result.verdict.status is Status.FAIL] == [broken]


def test_a_reading_that_is_missing_hides_no_failure_beside_it(whole):
    del whole.findings["learner"]["promise.order_missing"]
    _, kept = judge_task(MANIFEST, MANIFEST.tasks[0], [], with_finding(whole, "ledger.incomplete", 1))
    assert {r.id: r.verdict.status for r in kept}["orders-whole"] is Status.FAIL
    del whole.findings["learner"]["content.true.search"]
    _, kept = judge_task(MANIFEST, MANIFEST.tasks[0], [], with_finding(whole, "content.true.home", 0.4))
    assert {r.id: r.verdict.status for r in kept}["pages-true"] is Status.FAIL


@pytest.mark.parametrize(
    ("seen", "false", "status"),
    [(40, 0, Status.PASS), (40, 1, Status.INCONCLUSIVE), (2, 2, Status.FAIL), (3, 0, Status.INCONCLUSIVE)],
)
def test_what_customers_were_shown_decides_with_what_probes_were(whole, seen, false, status):
    m = with_finding(with_finding(whole, "content.seen", seen), "content.seen_false", false)
    assert verdicts(m)["pages-true"].status is status


def with_route(m, name, outcomes):
    """One more route in the last window."""
    route = RouteResult(name, np.zeros(0), np.zeros(0), Counter(outcomes), complaints=("status 500",))
    last = m.windows[-1]
    routes = {**last.traffic.routes, name: route}
    last = replace(last, traffic=replace(last.traffic, routes=routes))
    return replace(m, windows=(*m.windows[:-1], last))


def verdicts(m):
    return {each.id: run_check(each, m).verdict for each in invariants(MANIFEST)}


@pytest.mark.parametrize(
    ("ok", "refused", "status"),
    [(0, 6, Status.FAIL), (60, 30, Status.FAIL), (0, 2, Status.PASS), (57, 3, Status.PASS)],
)
def test_a_route_that_few_ask_for_may_not_be_given_up(whole, ok, refused, status):
    m = with_route(whole, "admin-report", {Outcome.OK: ok, Outcome.REFUSED: refused})
    verdict = verdicts(m)["customers-served"]
    assert verdict.status is status
    if status is Status.FAIL:
        assert "admin-report: status 500" in " ".join(each.look_next for each in verdict.evidence)


def test_a_ledger_that_is_not_whole_proves_nothing(whole):
    assert verdicts(with_route(whole, "checkout", {Outcome.OK: 5}))["writes-kept"].status is Status.PASS
    emptied = verdicts(with_route(whole, "checkout", {Outcome.OK: 6}))["writes-kept"]
    assert emptied.status is Status.INCONCLUSIVE
    assert "not whole" in emptied.reason


def test_payments_that_waited_on_a_busy_machine_are_no_fault(whole):
    late = with_finding(whole, "promise.payment_wait", 6)
    assert verdicts(late)["payments-first"].status is Status.FAIL
    busy = replace(late, windows=(replace(late.windows[0], troubles=("starved",)), *late.windows[1:]))
    assert verdicts(busy)["payments-first"].status is Status.INCONCLUSIVE


def test_requests_that_a_busy_machine_let_wait_are_not_held_against_the_shop(make_measurement):
    m = make_measurement({"learner": {"requests.success_ratio": [1.0, 0.2]}}, unit=Unit.RATIO)
    m = replace(m, windows=(m.windows[0], replace(m.windows[1], troubles=("busy",))))
    assert m.learner["requests.success_ratio"].value == 1
    served = make_measurement({"learner": {"requests.success_ratio": [1.0, 0.995]}}, unit=Unit.RATIO)
    served = replace(served, windows=tuple(replace(w, troubles=("busy",)) for w in served.windows))
    assert served.learner["requests.success_ratio"].value == pytest.approx(0.9975)


def test_an_invariant_that_could_not_be_measured_is_no_pass(whole):
    del whole.findings["learner"]["ledger.missing"]
    _, kept = judge_task(MANIFEST, MANIFEST.tasks[0], [], whole)
    assert [r.id for r in kept if r.verdict.status is Status.INCONCLUSIVE] == ["writes-kept"]


def test_a_submission_needs_tasks_invariants_and_documents(whole, tmp_path: Path):
    checks = [a_check(passes)]
    bare = judge_submission(MANIFEST, "test", checks, with_workspace(whole, MANIFEST, tmp_path))
    assert bare.status is Status.FAIL
    (tmp_path / "results.md").write_text(f"# Before\n{'foo bar baz qux ' * 5}\n# After\n{SAID}\n")
    again = judge_submission(MANIFEST, "test", checks, with_workspace(whole, MANIFEST, tmp_path))
    assert again.status is Status.FAIL, "the same four words are no text"
    (tmp_path / "results.md").write_text(f"# Before\n{SAID}\n# After\n{SAID}\n")
    done = judge_submission(MANIFEST, "test", checks, with_workspace(whole, MANIFEST, tmp_path))
    assert done.status is Status.PASS
    assert done.tasks[1].self_assessed


def test_a_check_that_the_manifest_names_and_nobody_wrote_is_our_fault(whole):
    task, _ = judge_task(MANIFEST, MANIFEST.tasks[0], [], whole)
    assert task.status is Status.INCONCLUSIVE
    assert task.checks[0].verdict.our_bug


def test_a_failure_outweighs_doubt_and_doubt_outweighs_a_pass():
    assert combined([Status.PASS, Status.INCONCLUSIVE, Status.FAIL]) is Status.FAIL
    assert combined([Status.PASS, Status.INCONCLUSIVE]) is Status.INCONCLUSIVE
    assert combined([Status.PASS]) is Status.PASS


def test_the_limits_carry_their_units():
    assert limits(MANIFEST)["budget.memory"] == 500 * 1024 * 1024
    assert limits(MANIFEST)["objective.search"] == 200


def test_sections_are_found_whatever_their_level_and_case(whole, tmp_path):
    comment = "<!-- write here what you measured, with as many words as it takes to say it -->"
    text = f"# BEFORE\n{SAID}\n### after:\n{comment}\n"
    (tmp_path / "results.md").write_text(text)
    m = with_workspace(whole, MANIFEST, tmp_path)
    verdict = written(m, "results.md", ["Before", "After"])
    assert [item.status for item in verdict.evidence] == [Status.PASS, Status.FAIL]
    assert [section.line for section in sections_of(text)] == [1, 3]


def test_a_judge_of_documents_that_breaks_is_our_fault_and_loses_no_submission(whole, monkeypatch):
    def breaks(*_):
        raise ValueError("could not convert")

    monkeypatch.setattr("drillyard.assess.judge.document_verdict", breaks)
    (result,) = judge_submission(MANIFEST, "test", [], whole).documents
    assert result.verdict.status is Status.INCONCLUSIVE
    assert result.verdict.our_bug


def test_a_document_that_is_no_text_counts_as_missing(whole, tmp_path):
    (tmp_path / "results.md").write_bytes(b"\xff\xfe\x00")
    assert with_workspace(whole, MANIFEST, tmp_path).documents == {}
