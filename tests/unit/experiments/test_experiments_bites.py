"""What faults did, by looks: felt wherever they are put, and neither noise nor a crowd is one."""

from dataclasses import replace

import pytest
from experiments_looks import AT, NOWHERE, look, looks_of, measured, struck
from pydantic import JsonValue

from drillyard.assess.experiments.bites import biting, effects, uncounted
from drillyard.assess.experiments.run_rules import bloodless
from drillyard.assess.experiments.runs import Injected, Rollout


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
        ("process.pause", {"component": "valkey"}, {"cache__errors": 9.0}),
        ("network.delay", {"link": "worker-payments-to-partner"}, {"partner__doubled": 2.0}),
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
        ({"latency__p95": 26.0}, {"latency__p95": 60.0}),  # another drill beside this one
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


@pytest.mark.parametrize(
    ("reading", "before", "during", "bites"),
    [
        ("pool.waiting.max", (0.0, 0.0), (0.0, 1.0, 0.0), False),
        ("pool.waiting.max", (0.0, 0.0), (4.0, 6.0, 0.0), True),
        ("queue.oldest_max", (0.0, 0.1), (9.0, 0.2), False),  # of few looks each has to show it
        ("latency.p95", (26.0,), (100.0, 110.0), False),  # beside a single one it has to move further
        ("latency.p95", (26.0,), (200.0, 210.0), True),
        ("latency.p95", (26.0, 27.0), (100.0, 110.0), True),
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
    asked = looks_of("services.down", AT + 11, (1.0, 1.0))
    moments = [replace(each, ended=each.began + 0.05) for each in asked]
    moments = [replace(each, values={**each.values, "requests.count": 1.0}) for each in moments]
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


def test_what_is_suffered_while_changes_roll_out_shows_nothing() -> None:
    run, known = struck("network.delay", NOWHERE, [look(AT + 13, services__down=1.0), look(AT + 20)])
    assert biting(run, known)
    assert not biting(run, replace(known, rollouts=(Rollout(AT + 14, AT + 15),)))


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


def test_a_neighbour_is_seen_by_the_cpu_that_it_uses() -> None:
    looks = [look(AT + 12, processes__cpu__neighbour=1.1), look(AT + 16, processes__cpu__neighbour=1.2)]
    run, known = struck("resource.cpu-contention", {"cores": 2}, looks)
    assert {each.reading for each in effects(run, known)} == {"processes.cpu.neighbour"}
    assert biting(run, known)


def test_what_never_happened_before_is_seen_by_one_look() -> None:
    looks = [look(AT + 12), look(AT + 16, processes__restarts=1.0), look(AT + 20)]
    run, known = struck("process.kill-9", {"component": "storefront-1"}, looks)
    assert "processes.restarts" in {each.reading for each in effects(run, known)}


def test_what_a_fault_is_known_to_move_is_not_of_a_rollout_either() -> None:
    run, known = struck("network.cut", NOWHERE, [look(AT + 13, cache__errors=9.0), look(AT + 24)])
    assert biting(run, known)
    rolled = replace(known, rollouts=(Rollout(AT + 14, AT + 15),))
    assert not biting(run, rolled)
    assert "applied" in "".join(uncounted(run, rolled))
    assert biting(run, replace(known, rollouts=(Rollout(AT + 22, AT + 23),)))
    assert not biting(run, replace(known, rollouts=(Rollout(AT + 9, AT + 11),)))  # it is just over


@pytest.mark.parametrize(
    ("kind", "parameters", "felt", "bites"),
    [
        ("network.delay", NOWHERE, {"services__down": 1.0}, True),
        ("network.delay", NOWHERE, {"requests__success_ratio": 0.5}, False),
        ("application.errors", {"route": "/api/nothing"}, {"shop__errors_ratio": 0.4}, False),
        ("application.errors", {"route": "/api/nothing"}, {"requests__success_ratio": 0.4}, False),
        ("network.cut", NOWHERE, {"cache__errors": 90.0}, True),
        ("cache.slow-commands", {}, {"latency__p95": 1500.0}, False),
    ],
)
def test_beside_another_crowd_counts_what_no_crowd_does(
    kind: str, parameters: dict[str, JsonValue], felt: dict[str, float], bites: bool
) -> None:
    before = [look(AT + at, proxy__requests=80.0) for at in (0, 3, 6)]
    during = [look(AT + at, proxy__requests=800.0, **felt) for at in (11, 15, 19)]
    run, known = struck(kind, parameters, during, before)
    assert bool(biting(run, known)) is bites
    assert "267 requests a second came instead of 27" in "".join(uncounted(run, known))


@pytest.mark.parametrize(("came", "another"), [(115.0, False), (125.0, True)])
def test_half_as_many_again_are_another_crowd(came: float, another: bool) -> None:
    before = [look(AT + at, proxy__requests=80.0) for at in (0, 3, 6)]
    felt = {"requests__success_ratio": 0.5}
    run, known = struck("network.delay", NOWHERE, [look(AT + 12, proxy__requests=came, **felt)] * 3, before)
    assert (not biting(run, known)) is another
    (told, *_) = bloodless(measured(known), run) if another else ("",)
    assert ("instead of 27" in told) is another


def test_customers_who_are_still_on_their_way_are_no_other_crowd() -> None:
    before = [look(AT + 1, requests__count=30.0), look(AT + 5, requests__count=66.0)]
    felt = {"requests__count": 75.0, "requests__success_ratio": 0.5}
    run, known = struck("network.delay", NOWHERE, [look(AT + 12, **felt)], before)
    assert biting(run, known)
    assert not list(uncounted(run, known))


@pytest.mark.parametrize(("failed", "bites"), [(1, False), (2, True)])
def test_one_request_may_fail_however_short_a_look_is(failed: int, bites: bool) -> None:
    share = 1 - failed / 25
    seen = look(AT + 12, requests__count=25.0, requests__success_ratio=share)
    run, known = struck("network.delay", NOWHERE, [replace(seen, ended=seen.began + 1)])
    assert bool(biting(run, known)) is bites


def test_nobody_is_served_by_one_request_of_one() -> None:
    run, known = struck(
        "network.delay", NOWHERE, [look(AT + 12, requests__count=1.0, requests__success_ratio=0.0)]
    )
    assert biting(run, known)


@pytest.mark.parametrize(("p99", "bites"), [(300.0, False), (3005.0, True)])
def test_a_percentile_of_few_requests_has_to_move_further(p99: float, bites: bool) -> None:
    """Customers of 25 requests a second, and looks of two seconds."""
    before = [look(AT + at, requests__count=50.0) for at in (0, 3, 6)]
    during = [look(AT + at, requests__count=50.0, latency__p99=p99) for at in (11, 15, 19)]
    run, known = struck("load-balancer.connection-limit", {}, during, before)
    assert bool(biting(run, known)) is bites


def test_what_comes_back_after_an_earlier_fault_is_of_that() -> None:
    before = [look(AT + at, processes__restarts=float(at == 3)) for at in (0, 3, 6)]
    run, known = struck(
        "process.kill-9", {"component": "storefront-1"}, [look(AT + 12, processes__restarts=1.0)], before
    )
    assert not biting(run, known)  # nobody knows of which
    earlier = Injected(0, "process.kill", {}, 20.0, AT - 30, AT + 2, "its time was over")
    known = replace(known, injected=(earlier, *known.injected))
    assert not biting(run, known)  # every look lies in its wake
    long_before = [look(AT - 36), look(AT - 33), *known.observed]
    assert biting(run, replace(known, observed=tuple(long_before)))


def test_one_event_is_one_in_a_long_look_too() -> None:
    seen = look(AT + 11, processes__restarts=1.0)
    run, known = struck("process.kill-9", {"component": "storefront-1"}, [replace(seen, ended=AT + 25)])
    assert biting(run, known)


def test_who_hangs_and_is_answered_in_a_burst_is_no_crowd() -> None:
    hanging = {"requests__count": 0.0, "requests__success_ratio": 0.0}
    looks = [look(AT + at, **hanging) for at in (11, 14, 17)]
    looks.append(look(AT + 20, requests__count=300.0))
    run, known = struck("network.delay", NOWHERE, looks, [look(AT + at) for at in (0, 3, 6)])
    assert biting(run, known)
    assert not list(uncounted(run, known))


@pytest.mark.parametrize("came_before", [0.0, 5.0])
def test_what_customers_do_who_come_with_the_fault_is_no_effect(came_before: float) -> None:
    before = [look(AT + at, requests__count=came_before, valkey__commands=60.0) for at in (0, 3, 6)]
    run, known = struck("cache.hot-key", {"size_kb": 1, "per_s": 1}, [look(AT + 12)] * 3, before)
    assert not biting(run, known)
    assert "instead of" in "".join(uncounted(run, known))
    run, known = struck(
        "process.kill-9", {"component": "storefront-1"}, [look(AT + 12, processes__restarts=1.0)], before
    )
    assert biting(run, known)  # whoever came


def test_fewer_customers_are_no_effect() -> None:
    few = {"requests__count": 5.0, "cache__lookups": 2.0}
    before = [look(AT + at, cache__lookups=100.0) for at in (0, 3, 6)]
    kind = "deploy.reload-not-applied"
    run, known = struck(kind, {}, [look(AT + at, **few) for at in (11, 14, 17)], before)
    assert not biting(run, known)
    run, known = struck(kind, {}, [look(AT + at, cache__lookups=2.0) for at in (11, 14, 17)], before)
    assert biting(run, known)


def test_more_customers_make_nothing_less() -> None:
    before = [look(AT + at, cache__lookups=100.0, proxy__requests=80.0) for at in (0, 3, 6)]
    during = [look(AT + at, cache__lookups=100.0, proxy__requests=800.0) for at in (11, 14, 17)]
    run, known = struck("deploy.reload-not-applied", {}, during, before)
    assert not biting(run, known)
