import asyncio
import time
from collections.abc import Iterator

import pytest
from pydantic import ValidationError

from drillyard.base.clock import until
from storefront import chaos, clock
from storefront.chaos import ChaosRefusedError, ChaosRule, ChaosRules, ChaosSwitches, WrongClock
from storefront.security import NotSignedInError, Tokens
from storefront.settings.observability import ChaosStart
from storefront.settings.security import Security


class Store:
    """A key store that can be away."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.away = False

    async def get(self, name: str, /) -> str | None:
        if self.away:
            raise ConnectionError("away")
        return self.values.get(name)

    async def set(self, name: str, value: str, /) -> object:
        self.values[name] = value
        return True

    async def delete(self, name: str, /) -> object:
        return self.values.pop(name, None)


def test_the_first_rule_that_matches_counts() -> None:
    switches = ChaosSwitches(ChaosStart(), "storefront-1")
    switches.apply(
        ChaosRules(
            rules=(
                ChaosRule(route="/api/products/*", delay_ms=100),
                ChaosRule(route="/api/*", error_ratio=1, status=500),
            )
        )
    )
    slow, failed = switches.injection("/api/products/7"), switches.injection("/api/home")
    assert slow is not None
    assert failed is not None
    assert (slow.delay_s, slow.status) == (0.1, 0)
    assert (failed.delay_s, failed.status) == (0, 500)
    assert switches.injection("/") is None


def test_jitter_stays_inside_its_bounds() -> None:
    switches = ChaosSwitches(ChaosStart(), "storefront-1")
    switches.apply(ChaosRules(rules=(ChaosRule(route="/*", delay_ms=10, jitter_ms=20),)))
    delays = [found.delay_s for _ in range(200) if (found := switches.injection("/x"))]
    assert len(delays) == 200
    assert 0.010 <= min(delays) < max(delays) <= 0.030


def test_about_the_share_that_is_set_fails() -> None:
    switches = ChaosSwitches(ChaosStart(), "storefront-1")
    switches.apply(ChaosRules(rules=(ChaosRule(route="/*", error_ratio=0.3),)))
    failed = sum(bool(found.status) for _ in range(4000) if (found := switches.injection("/x")))
    assert 1000 < failed < 1400


@pytest.mark.parametrize(
    "rule",
    [{"route": "api"}, {"error_ratio": 1.1}, {"delay_ms": -1}, {"status": 200}, {"nonsense": 1}],
)
def test_a_wrong_rule_is_refused(rule: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ChaosRules.model_validate({"rules": [rule]})


def test_settings_lock_the_switches_and_limit_delays() -> None:
    rules = ChaosRules(rules=(ChaosRule(delay_ms=500, jitter_ms=600),))
    with pytest.raises(ChaosRefusedError, match="locked"):
        ChaosSwitches(ChaosStart(allowed=False), "storefront-1").apply(rules)
    switches = ChaosSwitches(ChaosStart(max_delay_ms=1000), "storefront-1")
    with pytest.raises(ChaosRefusedError, match="max_delay_ms"):
        switches.apply(rules)
    switches.configure(ChaosStart())
    switches.apply(rules)
    switches.configure(ChaosStart(allowed=False))
    assert not switches.active


def test_every_replica_follows_the_store_and_keeps_its_rules_while_that_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chaos, "FOLLOW_S", 0.001)
    store = Store()
    replicas = [ChaosSwitches(ChaosStart(), "storefront-1") for _ in range(2)]

    async def all_active(wanted: bool) -> None:
        async def reached() -> bool:
            return all(replica.active is wanted for replica in replicas)

        await until(reached, deadline_s=5, what="the replicas follow", every_s=0.001)

    async def scenario() -> None:
        following = [asyncio.create_task(chaos.follow(replica, store)) for replica in replicas]
        await chaos.publish(store, ChaosRules(rules=(ChaosRule(delay_ms=1),)))
        await all_active(True)
        store.away = True
        await asyncio.sleep(0.01)
        assert all(replica.active for replica in replicas)
        store.away = False
        store.values[chaos.KEY] = "{broken"
        await asyncio.sleep(0.01)
        await chaos.publish(store, ChaosRules())
        await all_active(False)
        for task in following:
            task.cancel()
        await asyncio.gather(*following, return_exceptions=True)

    asyncio.run(scenario())


def test_a_rule_for_some_replicas_is_followed_by_them_alone() -> None:
    rules = ChaosRules(rules=(ChaosRule(route="/*", delay_ms=5, replicas=("storefront-2",)),))
    one, two = (ChaosSwitches(ChaosStart(), f"storefront-{number}") for number in (1, 2))
    for switches in (one, two):
        switches.apply(rules)
        assert switches.rules == rules
    assert (one.active, two.active) == (False, True)
    assert one.injection("/x") is None


def test_what_requests_leave_behind_is_bounded_and_goes_with_the_rules(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chaos, "MOST_KEPT_BYTES", 10 * 1024)
    switches = ChaosSwitches(ChaosStart(), "storefront-1")
    switches.apply(ChaosRules(rules=(ChaosRule(route="/*", leak_kb=4),)))
    for _ in range(5):
        switches.injection("/x")
    assert sum(map(len, switches._kept)) == 8 * 1024
    switches.apply(ChaosRules())
    assert not switches._kept


def test_burning_spends_cpu_of_this_thread() -> None:
    switches = ChaosSwitches(ChaosStart(), "storefront-1")
    switches.apply(ChaosRules(rules=(ChaosRule(route="/*", burn_ms=3),)))
    found = switches.injection("/x")
    assert found is not None
    before = time.thread_time()
    chaos.burn(found.burn_s)
    assert time.thread_time() - before >= 0.003


@pytest.fixture
def _right_clock() -> Iterator[None]:
    yield
    clock.skew(0.0)


@pytest.mark.usefixtures("_right_clock")
def test_a_clock_is_wrong_for_the_replicas_that_are_named_and_as_long_as_it_is_switched() -> None:
    rules = ChaosRules(clocks=(WrongClock(replicas=("storefront-1",), skew_s=-3600),))
    assert rules
    ChaosSwitches(ChaosStart(), "storefront-2").apply(rules)
    assert abs(clock.now() - time.time()) < 60
    switches = ChaosSwitches(ChaosStart(), "storefront-1")
    switches.apply(rules)
    assert not switches.active  # requests are left alone
    assert -3660 < clock.now() - time.time() < -3540
    switches.apply(ChaosRules())
    assert abs(clock.now() - time.time()) < 60


@pytest.mark.usefixtures("_right_clock")
@pytest.mark.parametrize("skew_s", [-120.0, 10**6])
def test_tokens_are_judged_by_the_shop_s_own_clock(skew_s: float) -> None:
    tokens = Tokens(Security())
    token = f"Bearer {tokens.issue(7)}"
    assert tokens.customer_of(token) == 7
    clock.skew(skew_s)
    with pytest.raises(NotSignedInError):
        tokens.customer_of(token)
