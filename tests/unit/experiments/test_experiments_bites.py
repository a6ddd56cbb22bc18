"""What faults did, by looks: felt wherever they are put, and neither noise nor a crowd is one."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from pydantic import JsonValue

from drillyard.assess.experiments.bites import biting, effects
from drillyard.assess.experiments.course import crowd_before, not_well, outcome, was_on
from drillyard.assess.experiments.journals import strangers, untrue
from drillyard.assess.experiments.run_rules import different, question
from drillyard.assess.experiments.runs import Activity, Experiments, Injected, Observed, Run
from drillyard.assess.measurement import Measurement
from drillyard.faults.catalog import fault_of, function_of

AT = 1_000_000.0
GOOD = {
    "requests.count": 75.0, "requests.success_ratio": 1.0, "latency.p95": 40.0, "latency.p99": 60.0,
    "shop.errors_ratio": 0.0, "proxy.servers.up": 2.0, "services.down": 0.0, "queue.oldest_max": 0.3,
    "jobs.failed.charge_payment": 0.0, "jobs.duration.charge_payment": 150.0, "jobs.duration.send_mail": 40.0,
    "cache.errors": 0.0, "valkey.commands": 900.0, "db.buffers": 5000.0, "processes.restarts": 0.0,
}  # fmt: skip


def look(at: float, **changed: float) -> Observed:
    values = {**GOOD, **{name.replace("__", "."): value for name, value in changed.items()}}
    return Observed(at, at + 3, values)


def struck(
    kind: str,
    parameters: Mapping[str, JsonValue],
    during: list[Observed],
    before: list[Observed] | None = None,
) -> tuple[Run, Experiments]:
    """One run of 30 s whose fault is on from its 10th to its 28th second."""
    full = fault_of(kind, dict(parameters)).model_dump(mode="json")
    fault = Injected(1, kind, full, 18.0, AT + 10, AT + 28, "its time was over")
    action = Activity(
        "action", "it", "drillyard.chaos.actions", function_of(kind), parameters, "succeeded", {},
        AT + 9.9, AT + 10.1,
    )  # fmt: skip
    probe = Activity(
        "probe", "served", "drillyard.chaos.probes", "success_ratio", {"seconds": 3}, "succeeded",
        during[-1].values.get("requests.success_ratio"), during[-1].began - 0.1, during[-1].ended + 0.1,
    )  # fmt: skip
    run = Run(
        "x-1", {}, "completed", False, AT, AT + 30, method=(action,), after=(probe,), held_after=True
    )  # fmt: skip
    looks = before or [look(AT + 1), look(AT + 5)]
    return run, Experiments({"x": {}}, (run,), {}, (fault,), (*looks, *during))


@pytest.mark.parametrize(
    ("kind", "parameters", "felt"),
    [
        ("network.cut", {"link": "haproxy-to-storefront-1"}, {"requests__success_ratio": 0.5}),
        ("network.cut", {"link": "storefront-*-to-postgres"}, {"shop__errors_ratio": 0.9}),
        ("network.delay", {"link": "worker-payments-to-partner"}, {"jobs__duration__charge_payment": 900.0}),
        (
            "network.delay",
            {"link": "worker-notifications-to-mailsink"},
            {"jobs__duration__send_mail": 5000.0},
        ),
        ("process.pause", {"component": "partner"}, {"jobs__failed__charge_payment": 12.0}),
        ("process.pause", {"component": "storefront-1"}, {"proxy__servers__up": 1.0}),
        ("load-balancer.dead-in-rotation", {"replica": "storefront-1"}, {"requests__success_ratio": 0.6}),
        ("dependency.partner-slow", {"delay_ms": 15_000}, {"requests__success_ratio": 0.2}),
        ("network.black-hole", {"link": "storefront-*-to-valkey"}, {"latency__p95": 400.0}),
    ],
)
def test_what_is_felt_at_the_place_of_a_fault_shows_it(
    kind: str, parameters: dict[str, JsonValue], felt: dict[str, float]
) -> None:
    run, known = struck(kind, parameters, [look(AT + 12, **felt), look(AT + 16, **felt)])
    assert [each.kind for each in biting(run, known)] == [kind]


@pytest.mark.parametrize(
    ("kind", "parameters", "during"),
    [
        ("network.cut", {"link": "worker-reports-to-valkey"}, [{}, {}]),
        ("network.black-hole", {"link": "worker-reports-to-valkey"}, [{"latency__p99": 90.0}] * 2),
        ("cache.hot-key", {"size_kb": 1}, [{"requests__count": 225.0, "valkey__commands": 2700.0}]),
        ("database.stale-statistics", {"table": "categories"}, [{}, {"db__buffers": 90_000.0}, {}]),
    ],
)  # fmt: skip
def test_neither_noise_nor_a_crowd_is_an_effect(
    kind: str, parameters: dict[str, JsonValue], during: list[dict[str, float]]
) -> None:
    looks = [look(AT + 12 + 4 * place, **each) for place, each in enumerate(during)]
    run, known = struck(kind, parameters, looks)
    assert effects(run, known) == []


@pytest.mark.parametrize(
    ("before", "during"),
    [
        ({"latency__p95": 26.0}, {"latency__p95": 60.0}),  # another range starts beside this one
        ({"jobs__duration__make_report": 30.0}, {"jobs__duration__make_report": 70.0}),
    ],
)
def test_what_a_busy_neighbour_does_is_no_effect(before: dict[str, float], during: dict[str, float]) -> None:
    looks = [look(AT + 1, **before), look(AT + 5, **before)]
    run, known = struck(
        "network.cut", {"link": "worker-reports-to-valkey"}, [look(AT + 12, **during)] * 3, looks
    )
    assert effects(run, known) == []


def test_a_report_of_a_month_beside_one_of_a_day_is_no_effect() -> None:
    looks = [look(AT + at, jobs__duration__make_report=ms) for at, ms in ((1, 20.0), (3, 25.0), (5, 60.0))]
    during = [look(AT + 12, jobs__duration__make_report=90.0)]
    run, known = struck("network.cut", {"link": "worker-reports-to-valkey"}, during, looks)
    assert effects(run, known) == []
    during = [look(AT + 12, jobs__duration__make_report=400.0)]
    run, known = struck("network.delay", {"link": "worker-reports-to-postgres"}, during, looks)
    assert [each.reading for each in effects(run, known)] == ["jobs.duration.make_report"]


def measured(known: Experiments) -> Measurement:
    return Measurement("m1", "s", "1", "full", 0.0, 1.0, (), experiments=known)


NOWHERE = {"link": "worker-reports-to-valkey"}


def looks_of(name: str, at: float, values: tuple[float, ...]) -> list[Observed]:
    key = name.replace(".", "__")
    return [look(at + 3.1 * place, **{key: value}) for place, value in enumerate(values)]


@pytest.mark.parametrize(
    ("reading", "before", "during", "bites"),
    [
        ("pool.waiting.max", (0.0, 0.0), (0.0, 1.0, 0.0), False),
        ("pool.waiting.max", (0.0, 0.0), (4.0, 6.0, 0.0), True),
        ("queue.oldest_max", (0.0,), (0.8, 0.2), False),  # of few looks each has to show it
        ("queue.oldest_max", (0.0,), (9.0, 8.0), True),
        ("requests.success_ratio", (1.0, 0.98), (0.98, 1.0, 0.98), False),  # one request of fifty
        ("requests.success_ratio", (1.0, 0.98), (0.98, 0.7, 0.98), True),
        ("requests.success_ratio", (1.0, 1.0), (0.92, 0.92, 0.94), True),  # one of two replicas, now and then
        ("jobs.duration.charge_payment", (160.0, 170.0, 155.0), (185.0, 190.0, 204.0), False),
        ("jobs.duration.charge_payment", (160.0, 170.0, 155.0), (260.0, 256.0, 270.0), True),  # 50 ms away
    ],
)
def test_what_is_suffered_is_told_from_what_happens_by_itself(
    reading: str, before: tuple[float, ...], during: tuple[float, ...], bites: bool
) -> None:
    run, known = struck(
        "network.delay", NOWHERE, looks_of(reading, AT + 11, during), looks_of(reading, AT, before)
    )
    assert bool(biting(run, known)) is bites


def test_a_flush_is_seen_although_the_cache_fills_at_once() -> None:
    """Its look began before it did."""
    before = looks_of("cache.hit_ratio", AT, (0.65, 0.7, 0.63))
    kind, parameters = "cache.flush", {"every_s": 3600}
    run, known = struck(kind, parameters, looks_of("cache.hit_ratio", AT + 9, (0.2, 0.5, 0.64, 0.66)), before)
    assert biting(run, known)
    run, known = struck(
        kind, parameters, looks_of("cache.hit_ratio", AT + 10, (0.5, 0.6, 0.64, 0.66)), before
    )
    assert not biting(run, known)


@pytest.mark.parametrize("name", ["machine.pressure", "cache.hit_ratio.search", "db.seq_rows", "valkey.keys"])
def test_what_a_run_asks_for_shows_nothing_by_that(name: str) -> None:
    """Somebody may ask for anything, and among hundreds of readings one always moves."""
    run, known = struck(
        "network.delay", NOWHERE, looks_of(name, AT + 11, (0.9, 0.9)), looks_of(name, AT, (0.1,))
    )
    asking = replace(run.after[0], func="reading", arguments={"name": name, "seconds": 3})
    assert not biting(replace(run, after=(asking,)), known)


def test_moments_show_nothing() -> None:
    moments = [
        replace(each, ended=each.began + 0.05) for each in looks_of("services.down", AT + 11, (1.0, 1.0))
    ]
    run, known = struck("network.delay", NOWHERE, [*moments, look(AT + 16)])
    assert not biting(run, known)


def test_a_crowd_that_somebody_brings_is_no_effect() -> None:
    """It is not among the drill's own customers, and comes through the load balancer like everybody."""
    before = [look(AT + at, proxy__requests=80.0) for at in (0, 3, 6)]
    during = [look(AT + at, proxy__requests=500.0, valkey__commands=4_000.0) for at in (11, 15, 19)]
    run, known = struck("cache.hot-key", {"size_kb": 1, "per_s": 1}, during, before)
    assert effects(run, known) == []


def test_time_has_to_move_further_while_others_use_the_machine() -> None:
    before = [look(AT + at, machine__busy=1.0, processes__cpu=0.4) for at in (0, 3, 6)]
    for p95, bites in ((190.0, False), (900.0, True)):
        during = [
            look(AT + at, machine__busy=1.9, processes__cpu=0.5, latency__p95=p95) for at in (11, 15, 19)
        ]
        run, known = struck("network.delay", NOWHERE, during, before)
        assert bool(biting(run, known)) is bites


def beside(
    run: Run, known: Experiments, kind: str, parameters: Mapping[str, JsonValue]
) -> tuple[Run, Experiments]:
    """The same run with another fault in it."""
    full = fault_of(kind, dict(parameters)).model_dump(mode="json")
    other = Injected(2, kind, full, 18.0, AT + 10, AT + 28, "its time was over")
    action = replace(run.method[0], func=function_of(kind), arguments=parameters)
    run = replace(run, method=(*run.method, action))
    return run, replace(known, runs=(run,), injected=(*known.injected, other))


@pytest.mark.parametrize(
    ("kind", "where", "seen", "idle"),
    [
        ("network.cut", "storefront-*-to-valkey", {"cache__errors": 12.0}, "network.reset"),
        (
            "network.delay",
            "storefront-*-to-postgres",
            {"latency__p50": 300.0, "shop__handling": 200.0},
            "network.bandwidth",
        ),
    ],
)
def test_what_does_nothing_beside_a_fault_is_no_question_of_its_own(
    kind: str, where: str, seen: dict[str, float], idle: str
) -> None:
    before = [look(AT + at, latency__p50=10.0, shop__handling=9.0) for at in (0, 3, 6)]
    during = [look(AT + at, **{"latency__p95": 310.0, **seen}) for at in (12, 16, 20)]
    run, known = struck(kind, {"link": where}, during, before)
    alone = question(measured(known), run)
    assert different([alone]) == 1
    both, known = beside(run, known, idle, {"link": "worker-reports-to-postgres"})
    together = question(measured(known), both)
    assert different([together]) == 1
    assert different([alone, together]) == 1


def test_two_questions_that_may_be_either_are_one() -> None:
    real, pair, trio = frozenset({"a"}), frozenset({"a or b"}), frozenset({"b or c"})
    assert different([real, pair, trio]) == 1
    assert different([frozenset({"x or y"}), real, pair]) == 2
    assert different([frozenset({"a", "x"}), real]) == 2


def test_what_is_suffered_while_changes_roll_out_shows_nothing() -> None:
    run, known = struck("network.delay", NOWHERE, [look(AT + 13, services__down=1.0), look(AT + 20)])
    assert biting(run, known)
    assert not biting(run, replace(known, applied=(AT + 17,)))


def test_what_a_crowd_suffers_shows_nothing() -> None:
    before = [look(AT + at, proxy__requests=80.0) for at in (0, 3, 6)]
    during = [
        look(AT + at, proxy__requests=800.0, requests__success_ratio=0.8, latency__p95=400.0)
        for at in (11, 15, 19)
    ]
    run, known = struck("network.delay", NOWHERE, during, before)
    assert not biting(run, known)


def test_a_level_that_does_not_jump_is_shown_by_few_looks() -> None:
    run, known = struck(
        "deploy.stale-secret",
        {"replica": "storefront-1"},
        [look(AT + 12, proxy__servers__up=1.0)],
        [look(AT + 1)],
    )
    assert biting(run, known)


def test_changes_that_are_applied_meanwhile_are_strangers() -> None:
    run, known = struck("network.cut", NOWHERE, [look(AT + 12)])
    assert not list(strangers(run, replace(known, applied=(AT + 40,))))
    (told,) = strangers(run, replace(known, applied=(AT + 11.8,)))
    assert "applied" in told
    program = replace(run.method[0], module="ours", func="deploy", began=AT + 11, ended=AT + 13)
    assert not list(
        strangers(replace(run, method=(*run.method, program)), replace(known, applied=(AT + 11.8,)))
    )


def test_a_neighbour_is_seen_by_the_cpu_that_it_uses() -> None:
    looks = [look(AT + 12, processes__cpu__neighbour=1.1), look(AT + 16, processes__cpu__neighbour=1.2)]
    run, known = struck("resource.cpu-contention", {"cores": 2}, looks)
    assert {each.reading for each in effects(run, known)} == {"processes.cpu.neighbour"}
    assert biting(run, known)


def test_what_never_happened_before_is_seen_by_one_look() -> None:
    looks = [look(AT + 12), look(AT + 16, processes__restarts=1.0), look(AT + 20)]
    run, known = struck("process.kill-9", {"component": "storefront-1"}, looks)
    assert "processes.restarts" in {each.reading for each in effects(run, known)}


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


def test_the_same_fault_with_others_that_do_nothing_is_one_question() -> None:
    cut, pair = (
        frozenset({"network.cut partner"}),
        frozenset({"network.cut partner", "process.kill storefront"}),
    )
    mails = frozenset({"network.cut mailsink"})
    assert different([cut, pair, mails]) == 3
    assert different([cut, cut, cut]) == 1
    assert different([cut | pair | mails] * 3) == 1
    assert different([cut, frozenset(), mails]) == 2
    run, known = struck("network.cut", {"link": "storefront-*-to-valkey"}, [look(AT + 12, cache__errors=9.0)])
    assert question(measured(known), run) == {"network.cut valkey"}
