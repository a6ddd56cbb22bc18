from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillyard.assess.check import Check, Need, Status, Verdict, combined
from drillyard.assess.documents import (
    document_verdict,
    figures_measured,
    with_workspace,
    written,
)
from drillyard.assess.figures import BARE, backed, candidates, figures_in
from drillyard.assess.invariants import invariants, limits
from drillyard.assess.judge import judge_submission, judge_task, run_check
from drillyard.assess.probes import pages, reports
from drillyard.assess.prose import sections_of
from drillyard.measure.reading import Combine, Reading, Unit, Window
from drillyard.scenario.manifest import Manifest
from drillyard.traffic.result import Outcome, RouteResult

MANIFEST = Manifest.model_validate(
    {
        "format_version": 1,
        "title": "Test",
        "objective": "Test",
        "duration": "1 h",
        "prerequisites": [],
        "tasks": [
            {"id": "one", "title": "One", "steps": ["s"], "page": "1.md", "checks": ["good"]},
            {
                "id": "two",
                "title": "Two",
                "steps": ["s"],
                "page": "2.md",
                "self_assessed": "no numbers in it",
            },
        ],
        "success_criteria": ["it works"],
        "traffic": {
            "base_rate": 1,
            "measure_rate": 1,
            "mix": {"browse": 1},
            "objectives_ms": {"search": 200},
        },
        "budget": {"processes": 6, "connections": 40, "memory_mb": 500},
        "promises": {"price_stale_s": 30, "payment_wait_s": 5},
        "par": "p",
        "documents": [{"file": "results.md", "sections": ["Before", "After"]}],
    }
)


SAID = "Search read whole tables for every request because nobody had looked at its plan since the data grew."


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


def test_figures_are_read_with_their_units_and_not_from_code():
    found = figures_in(
        "p95 fell from 840 ms to 0.06 s (14x), 93 % hits, 1,200 req/s, `ttl 30 s`\n```\n5 ms\n```"
    )
    assert [(f.kind, f.values[0]) for f in found] == [
        ("time", 840), ("time", 60), ("times", 14), ("share", 0.93), ("rate", 1200), ("time", 30_000),
        ("time", 5),
    ]  # fmt: skip
    assert [f.quoted for f in found] == [False] * 5 + [True] * 2


@pytest.mark.parametrize(
    ("text", "kind", "values"),
    [
        ("p95 1,234 ms", "time", (1234, 1.234)),
        ("p95 0,84 s", "time", (840,)),
        ("p95 1,234.5 ms", "time", (1234.5,)),
        ("p95 1,234,567 ms", "time", (1234567,)),
        ("p95 0,123 s", "time", (123,)),
        ("p95 84,3 %", "share", (0.843,)),
        ("p95 1.234 ms", "time", (1.234, 1234)),
        ("p95 0.123 s", "time", (123,)),
        ("p95 1\u00a0234 ms", "time", (1234,)),
        ("p95 1’234 ms", "time", (1234,)),
        ("510 blocks per request", "each", (510,)),
        ("97 requests per second", "rate", (97,)),
        ("3.2 ms CPU", "time", (3.2,)),
        ("cache.hit_ratio.product 0.88", BARE, (0.88,)),
    ],
)
def test_numbers_are_read_as_people_of_several_countries_write_them(text, kind, values):
    (figure,) = figures_in(text)
    assert (figure.kind, pytest.approx(figure.values)) == (kind, values)


@pytest.mark.parametrize(
    "text", ["from 840 to 62 ms", "840 → 62 ms", "840 ms/62 ms", "840–62 ms", "latency.p95 (ms) | 840 | 62"]
)
def test_a_unit_may_stand_once_for_several_numbers(text):
    assert [(f.kind, f.values) for f in figures_in(text)] == [("time", (840,)), ("time", (62,))]


@given(st.text(alphabet="0123456789.,’' \u00a0-/→|()`#\npms%xk/request1", max_size=80))
def test_whatever_is_written_is_read_without_an_error(text):
    figures_in(f"latency.p95 {text}")


def test_a_judge_of_documents_that_breaks_is_our_fault_and_loses_no_submission(whole, monkeypatch):
    def breaks(*_):
        raise ValueError("could not convert")

    monkeypatch.setattr("drillyard.assess.judge.document_verdict", breaks)
    (result,) = judge_submission(MANIFEST, "test", [], whole).documents
    assert result.verdict.status is Status.INCONCLUSIVE
    assert result.verdict.our_bug


def test_a_word_in_brackets_is_no_unit():
    assert figures_in("2 replica(s) and 3 worker(s)") == []


def test_a_number_of_nothing_is_no_figure():
    found = figures_in("I tried 3 times 4 indexes on 2026-11-26, version 18.1")
    assert [figure.text for figure in found] == ["3 times"]


@pytest.mark.parametrize(
    ("text", "backs"),
    [
        ("| reading | before |\n|---|---|\n| `latency.p95.search` | 61 ms |", True),
        ("| | p95 search | hits |\n|---|---|---|\n| after | 61 ms | 1 % |", True),
        ("95th percentile of search: 61 ms", True),
        ("latency.p95.search | 61", True),
        ("latency.p95.search | 99", False),
        ("Blocks touched per request: 510/request", True),
        ("db.buffers_per_request 510", True),
        ("p95 of search `61 ms`", True),
        ("The moon: 61 ms", False),
    ],
)
def test_a_figure_is_backed_however_it_is_laid_out(make_measurement, text, backs):
    m = make_measurement({"learner": {"latency.p95.search": [60.0, 62.0]}})
    n = make_measurement(
        {"learner": {"db.buffers_per_request": [510.0] * 3, "db.temp_blocks_per_request": [0.1] * 3}},
        unit=Unit.PER_REQUEST,
    )
    known = candidates([m, n])
    assert backed(figures_in(text)[0], known) is backs


def test_settings_that_were_changed_and_pasted_output_are_no_unmeasured_figures(make_measurement, tmp_path):
    m = make_measurement({"learner": {"latency.p95.search": [60.0, 62.0]}})
    text = (
        "# What was changed\nttl 0.6 s to 20 s, work_mem 64 kB to 8 MB, timeout 3 s\n"
        "# After\n```\nlatency.p95.search  61 ms  latency.p50 7 ms\n```\n"
    )
    (tmp_path / "results.md").write_text(text)
    verdict = figures_measured(with_workspace(m, MANIFEST, tmp_path), "results.md", ["After"])
    assert verdict.status is Status.PASS


def test_the_same_figure_again_and_again_is_one(make_measurement, tmp_path):
    m = make_measurement({"learner": {"latency.p95.search": [60.0, 62.0]}})
    (tmp_path / "results.md").write_text("# After\np95 search 61 ms 61 ms 61 ms 61 ms\n")
    m = with_workspace(m, MANIFEST, tmp_path)
    assert figures_measured(m, "results.md", ["After"], at_least=2).status is Status.FAIL


def test_figures_as_ratios_to_the_twin_are_measured(make_measurement, tmp_path):
    first = make_measurement(
        {"learner": {"latency.p95.search": [800.0] * 2}, "twin": {"latency.p95.search": [800.0] * 2}}
    )
    now = make_measurement(
        {"learner": {"latency.p95.search": [90.0] * 2}, "twin": {"latency.p95.search": [1200.0] * 2}}
    )
    (tmp_path / "results.md").write_text("# After\np95 of search: 13.3x better beside the twin\n")
    m = with_workspace(now, MANIFEST, tmp_path, earlier=[first])
    assert figures_measured(m, "results.md", ["After"]).status is Status.PASS


def test_figures_without_a_measurement_behind_them_are_named(make_measurement, tmp_path):
    first = make_measurement({"learner": {"latency.p95.search": [800.0, 840.0]}})
    now = make_measurement({"learner": {"latency.p95.search": [60.0, 62.0]}}, earlier=(first,))
    text = "# After\nSearch p95 was 820 ms and is 61 ms, 13x faster; down by 92 %.\nCheckout p95: 5 ms.\n"
    (tmp_path / "results.md").write_text(text)
    m = with_workspace(now, MANIFEST, tmp_path, earlier=[first])
    verdict = figures_measured(m, "results.md", ["After"])
    assert verdict.status is Status.PASS
    assert [item.what for item in verdict.evidence[1:]] == [
        "results.md:3 “5 ms” has no measurement behind it"
    ]
    assert verdict.evidence[1].status is Status.INCONCLUSIVE


def test_invented_figures_fail(make_measurement, tmp_path):
    m = make_measurement({"learner": {"latency.p95.search": [60.0, 62.0]}})
    (tmp_path / "results.md").write_text("# After\nSearch p95 is 5 ms, 9 ms, 7 ms, and 300x better.\n")
    m = with_workspace(m, MANIFEST, tmp_path)
    assert figures_measured(m, "results.md").status is Status.FAIL


def test_figures_count_where_the_manifest_asks_for_them(make_measurement, tmp_path):
    asked = MANIFEST.model_copy(
        update={"documents": (MANIFEST.documents[0].model_copy(update={"figures": 1}),)}
    )
    m = make_measurement({"learner": {"latency.p95.search": [60.0, 62.0]}})
    for text, status in (("no figures", Status.FAIL), ("search p95 is 61 ms", Status.PASS)):
        (tmp_path / "results.md").write_text(f"# Before\n{SAID}\n# After\n{SAID} {text}\n")
        verdict = document_verdict(with_workspace(m, asked, tmp_path), asked.documents[0])
        assert verdict.status is status


def test_a_document_that_is_no_text_counts_as_missing(whole, tmp_path):
    (tmp_path / "results.md").write_bytes(b"\xff\xfe\x00")
    assert with_workspace(whole, MANIFEST, tmp_path).documents == {}
