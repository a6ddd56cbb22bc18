"""The checks of disaster-recovery, on measurements that are made up; what ships agrees with itself."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from drillyard.assess.check import Check, Status, Verdict
from drillyard.assess.discovery import load_checks
from drillyard.assess.invariants import limits
from drillyard.assess.measurement import Measurement
from drillyard.assess.recoveries import Recovery
from drillyard.faults.disasters import disasters
from drillyard.measure.reading import Combine, Reading, Unit, Window
from drillyard.scenario.figures import places
from drillyard.scenario.scenario import Scenario

SCENARIO = Scenario.load(Path(__file__).parents[3] / "scenarios" / "disaster-recovery")
CHECKS: dict[str, Check] = {check.id: check for check in load_checks(SCENARIO.directory)}
FIGURES = SCENARIO.figures("1")
BOUNDS = limits(SCENARIO.manifest, FIGURES)
EMPTY = Measurement("s1", "disaster-recovery", "1", "full", 0.0, 1.0, (), limits=BOUNDS)
WELL = Recovery(
    number=1, kind="site-lost", title="", graded=True, by="runbook", struck=100.0, detail="", looked=160.0,
    began=101.0, ended=131.0, asked=300, failed=200, fates={"kept": 9}, recovery_point_s=2.5, lost_cents=0,
    missed_cents=0, readings={}, tried_before=30, bought_before=30,
)  # fmt: skip
KINDS = ("site-lost", "data-gone", "rows-deleted")


def judge(check: str, m: Measurement) -> Verdict:
    return CHECKS[check].judge(m)


SYSTEMS = ("database", "cache", "configuration", "site")
SYSTEM = {"cache-lost": "cache", "configuration-lost": "configuration", "site-lost": "site"}


def entry(kind: str, **changed: object) -> dict[str, object]:
    rpo = FIGURES["rpo_s"]
    impact = FIGURES["rto_s"] / 60 * FIGURES["cost_per_minute"]
    impact += rpo / 60 * FIGURES["orders_per_minute"] * FIGURES["cost_per_order"]
    return {
        "scenario": kind, "system": [SYSTEM.get(kind, "database")], "impact_eur": impact,
        "rto_s": FIGURES["rto_s"], "rpo_s": rpo,
        "likelihood_per_year": FIGURES[f"often_{kind.replace('-', '_')}"] / 20,
        "answer": f"{kind} two three four five six seven eight", **changed,
    }  # fmt: skip


def register(change: Callable[[list[dict[str, object]]], object] = lambda _: None) -> Measurement:
    risks = [entry(kind) for kind in disasters()]
    risks.sort(key=lambda each: float(str(each["likelihood_per_year"])), reverse=True)
    for number, each in enumerate(risks, start=1):
        each["priority"] = number
    change(risks)
    return replace(EMPTY, documents={"risks.yaml": json.dumps({"risks": risks})})


def found(**values: float) -> Measurement:
    readings = {
        f"rehearsal.{name}": Reading(
            f"rehearsal.{name}", value, Unit.COUNT, Window(0.0, 1.0), "", combine=Combine.LAST
        )
        for name, value in values.items()
    }
    return replace(EMPTY, findings={"learner": readings})


def met(*recoveries: Recovery) -> Measurement:
    return replace(register(), recoveries=recoveries)


def three(**changed: object) -> Measurement:
    every = [replace(WELL, number=n, kind=kind) for n, kind in enumerate(KINDS, start=1)]
    return met(*every[:2], replace(every[2], **changed))  # type: ignore[arg-type]  # of the right types


def test_kinds_figures_and_brief_agree() -> None:
    manifest = SCENARIO.manifest
    assert manifest.disasters is not None
    assert set(manifest.disasters.kinds) == set(disasters())
    pages = [(SCENARIO.directory / "brief.md").read_text()]
    pages += [(SCENARIO.directory / "tasks" / task.page).read_text() for task in manifest.tasks]
    assert set().union(*map(places, pages)) == set(manifest.variants.figures)
    assert "{{" not in SCENARIO.brief("7")
    assert all(f"`{kind}`" in pages[0] for kind in disasters())


@pytest.mark.parametrize("check", ["risks-covered", "targets-kept", "order-follows"])
def test_a_register_that_follows_from_the_brief_passes(check: str) -> None:
    assert judge(check, register()).status is Status.PASS


@pytest.mark.parametrize(
    ("check", "change"),
    [
        ("risks-covered", lambda risks: risks.pop()),
        ("risks-covered", lambda risks: risks.append(dict(risks[0]))),
        ("risks-covered", lambda risks: risks[0].update(answer="backups")),
        ("risks-covered", lambda risks: [r.update(answer="a b c d e f g h") for r in risks]),
        ("risks-covered", lambda risks: [r.update(answer=f"{r['scenario']} " + "x " * 8) for r in risks]),
        ("risks-covered", lambda risks: [r.update(system=["cache"]) for r in risks]),
        ("risks-covered", lambda risks: [r.update(system=[*SYSTEMS]) for r in risks]),
        ("order-follows", lambda risks: risks.clear()),
        ("risks-covered", lambda risks: risks[0].update(system=["everything"])),
        ("targets-kept", lambda risks: risks[0].update(rto_s=FIGURES["rto_s"] + 1)),
        ("targets-kept", lambda risks: risks[0].update(rpo_s=FIGURES["rpo_s"] + 1)),
        ("order-follows", lambda risks: risks[0].update(likelihood_per_year=0.01)),
        ("order-follows", lambda risks: risks[0].update(impact_eur=1)),
        ("order-follows", lambda risks: risks[0].update(rto_s=1)),
        ("order-follows", lambda risks: risks[0].update(priority=2)),
        ("order-follows", lambda risks: (risks[0].update(priority=9), risks[8].update(priority=1))),
        ("order-follows", lambda risks: risks[0].update(impact_eur=".nan")),
    ],
)
def test_a_register_that_does_not_fails(
    check: str, change: Callable[[list[dict[str, object]]], object]
) -> None:
    assert judge(check, register(change)).status is Status.FAIL


@pytest.mark.parametrize(
    "text", ["", "risks: 5", "- a", "risks: [", "a: &a [*a]", "risks:\n- priority: .nan", "risks: 2024-99-99"]
)
def test_a_register_that_cannot_be_read_fails_and_says_why(text: str) -> None:
    verdict = judge("risks-covered", replace(EMPTY, documents={"risks.yaml": text}))
    assert verdict.status is Status.FAIL
    assert "cannot be read: " in verdict.evidence[0].what
    assert judge("targets-kept", EMPTY).status is Status.FAIL


def test_a_rehearsal_decides_about_backups() -> None:
    well = found(
        restored=1, seconds=20, orders_lost=3, recovery_point=4, tried_before=30, bought_before=30,
        objects_gone=0, rows_lost=0, files_differing=0, pages_untrue=0,
    )  # fmt: skip
    for check in ("backups-come-back", "nothing-missing", "copy-recent", "runbook-alone"):
        assert judge(check, well).status is Status.PASS, check


@pytest.mark.parametrize(
    ("check", "values"),
    [
        ("backups-come-back", {"restored": 0}),
        ("backups-come-back", {"restored": 1, "pages_untrue": 1}),
        ("runbook-alone", {"restored": 0}),
        ("runbook-alone", {"restored": 1, "seconds": 601}),
        ("nothing-missing", {"objects_gone": 1, "rows_lost": 0, "files_differing": 0}),
        ("nothing-missing", {"objects_gone": 0, "rows_lost": 2, "files_differing": 0}),
        ("nothing-missing", {"objects_gone": 0, "rows_lost": 0, "files_differing": 1}),
        ("copy-recent", {"tried_before": 30, "bought_before": 30, "recovery_point": 41, "orders_lost": 9}),
        ("copy-recent", {"tried_before": 30, "bought_before": 0, "recovery_point": 0, "orders_lost": 0}),
    ],
)
def test_a_rehearsal_that_lacks_something_fails(check: str, values: dict[str, float]) -> None:
    assert judge(check, found(**values)).status is Status.FAIL


def test_without_customers_nothing_is_said_of_lost_orders() -> None:
    quiet = found(tried_before=2, bought_before=2, recovery_point=0, orders_lost=0)
    assert judge("copy-recent", quiet).status is Status.INCONCLUSIVE
    assert judge("recovery-point", three(tried_before=2, bought_before=2)).status is Status.INCONCLUSIVE


@pytest.mark.parametrize("check", ["disasters-met", "recovery-time", "recovery-point", "whole-again"])
def test_three_that_went_well_pass_and_none_is_not_enough(check: str) -> None:
    assert judge(check, three()).status is Status.PASS
    assert judge(check, register()).status is Status.FAIL
    assert judge(check, met(replace(WELL, graded=False))).status is Status.FAIL


@pytest.mark.parametrize(
    ("check", "changed"),
    [
        ("recovery-time", {"ended": 900.0}),
        ("recovery-time", {"ended": None}),
        ("recovery-point", {"recovery_point_s": 41.0}),
        ("recovery-point", {"bought_before": 3}),
        ("whole-again", {"gone": ("table reviews",)}),
        ("whole-again", {"readings": {"jobs.lost": 1.0}}),
        ("disasters-met", {"kind": "site-lost"}),
        ("disasters-met", {"happened": False}),
    ],
)
def test_one_that_did_not_go_well_fails(check: str, changed: dict[str, object]) -> None:
    assert judge(check, three(**changed)).status is Status.FAIL


def test_the_last_of_each_kind_counts() -> None:
    bad = replace(WELL, gone=("table reviews",))
    again = replace(WELL, number=5)
    assert judge("whole-again", met(bad, again)).status is Status.PASS
    assert judge("whole-again", met(WELL, replace(bad, number=5))).status is Status.FAIL


def test_what_could_not_be_looked_at_is_inconclusive() -> None:
    assert judge("whole-again", three(unlooked={"rows": "no answer"})).status is Status.INCONCLUSIVE
    assert judge("recovery-point", three(unlooked={"orders": "no answer"})).status is Status.INCONCLUSIVE


def test_a_stricter_target_of_ones_own_counts() -> None:
    strict = register(lambda risks: [risk.update(rto_s=10) for risk in risks])
    assert judge("recovery-time", replace(strict, recoveries=three().recoveries)).status is Status.FAIL


def test_the_plan_of_who_is_told_names_all_four_and_has_texts() -> None:
    told = (SCENARIO.directory / "solutions" / "_documents" / "runbook.md").read_text()
    assert judge("people-told", replace(EMPTY, documents={"runbook.md": told})).status is Status.PASS
    bla = "## Who is told\n\ncustomers support management regulator\n\n" + "> bla bla bla\n" * 15
    for text in (told.replace("regulator", "press"), told.replace(">", ""), "# Runbook\n", bla):
        assert judge("people-told", replace(EMPTY, documents={"runbook.md": text})).status is Status.FAIL


def test_texts_without_a_word_of_who_sends_them_are_no_plan() -> None:
    told = (SCENARIO.directory / "solutions" / "_documents" / "runbook.md").read_text()
    texts = "\n".join(line.strip() for line in told.splitlines() if line.strip().startswith(">"))
    bare = f"## Who is told\n\ncustomers support management regulator\n\n{texts}\n"
    verdict = judge("people-told", replace(EMPTY, documents={"runbook.md": bare}))
    assert [each.status for each in verdict.evidence] == [Status.PASS, Status.FAIL, Status.PASS]


def test_a_plan_whose_texts_use_its_words_is_a_plan() -> None:
    text = (
        "## Who is told\n\n| who | how | when | by whom |\n|---|---|---|---|\n"
        "| customers | status page | at once | on call |\n| support | chat | at once | on call |\n"
        "| management | phone | after fifteen minutes | head of operations |\n"
        "| regulator | letter | within a day | management |\n\n"
        "> Customers: the shop is away. Support and management know by phone and chat; the regulator gets a"
        " letter within a day. The status page says when the head of operations, on call, has news, at once"
        " or after fifteen minutes. Who is concerned is told how.\n"
    )
    assert judge("people-told", replace(EMPTY, documents={"runbook.md": text})).status is Status.PASS


@pytest.mark.parametrize("form", ["> {}", "- > {}", "```text\n{}\n```", "    {}"])
def test_a_plan_may_be_written_in_other_words_and_forms(form: str) -> None:
    said = (
        "We are sorry: the shop is closed at the moment. Orders that you have placed are safe with us,"
        " nothing is charged twice, and we shall write again at eight o'clock with what we know by then."
    )
    text = (
        "## 3. Who is told\n\n| who | when |\n|---|---|\n| a Customer | at once |\n| Support | at once |\n"
        "| the board | within an hour |\n| the supervisory authority | within a day |\n\n" + form.format(said)
    )
    assert judge("people-told", replace(EMPTY, documents={"runbook.md": text})).status is Status.PASS
