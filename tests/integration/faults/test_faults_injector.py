"""Faults begin, end in time, refuse each other, and are over after whatever happens."""

import asyncio
import json

import psycopg
import pytest
from faults_stand import Stand
from pydantic import JsonValue

from drillyard.base.clock import until
from drillyard.base.errors import UserError
from drillyard.faults.injector import ASKED, LEFT, OVER, TAKEN, Injection, Injector
from drillyard.faults.scene import Scene
from drillyard.range.member import State

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]
LINK = "storefront-1-to-valkey"


async def _toxics(stand: Stand) -> list[str]:
    async with Scene(stand.range).http("network") as network:
        return [toxic["name"] for toxic in (await network.get(f"/proxies/{LINK}/toxics")).json()]


async def test_a_fault_is_over_when_its_time_is(stand: Stand) -> None:
    await stand.injector.inject("network.delay", {"link": LINK}, 3)
    assert await _toxics(stand) == ["fault-upstream", "fault-downstream"]

    async def over() -> bool:
        return not stand.injector.on

    await until(over, deadline_s=10, what="the fault is over")
    assert await _toxics(stand) == []
    assert stand.over[-1] == ("network.delay", OVER)
    assert not list((stand.directory / "faults").glob("*.json"))


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("network.delay", {"link": LINK}),
        ("network.cut", {"link": LINK}),
        ("dependency.partner-slow", {"delay_ms": 900}),
        ("application.delay", {"delay_ms": 50}),
    ],
)
async def test_one_that_somebody_else_takes_away_is_over_and_says_so(
    stand: Stand, kind: str, parameters: dict[str, JsonValue]
) -> None:
    scene = Scene(stand.range)
    async with scene.http("partner") as partner:
        usual = (await partner.get("/control")).json()
    await stand.injector.inject(kind, parameters, 30)
    await asyncio.sleep(1.2)  # it is looked at twice a second, and goes on
    assert stand.injector.on
    async with scene.http("network") as network, scene.http("partner") as partner, scene.cache() as cache:
        await network.post("/reset")
        await partner.put("/control", json=usual)
        await cache.delete("shop:chaos")

    async def over() -> bool:
        return not stand.injector.on

    await until(over, deadline_s=10, what="it is over")
    assert stand.over[-1] == (kind, TAKEN)


async def test_two_faults_compose_or_refuse_with_a_reason(stand: Stand) -> None:
    first = await stand.injector.inject("network.delay", {"link": LINK}, 30)
    second = await stand.injector.inject("network.delay", {"link": "storefront-2-to-valkey"}, 30)
    with pytest.raises(UserError, match=rf"Fault {first.number} \(network.delay\) is on and has link:{LINK}"):
        await stand.injector.inject("network.cut", {"link": "storefront-*-to-valkey"}, 30)
    await stand.injector.end(second.number)
    await stand.injector.end(first.number)
    assert not stand.injector.on
    assert stand.over[-2:] == [("network.delay", ASKED)] * 2
    assert second.number == first.number + 1


async def test_what_cannot_be_done_is_refused_and_leaves_nothing(stand: Stand) -> None:
    for kind, parameters, said in (
        ("network.delay", {"link": "storefront-9-to-valkey"}, "No connection is called"),
        ("process.kill", {"component": "storefront-9"}, "no component 'storefront-9'"),
        ("database.dropped-index", {"index": "orders_pkey"}, "no index orders_pkey"),
        ("database.dropped-index", {"index": "x; DROP TABLE orders"}, "cannot be this: index"),
        ("load-balancer.connection-limit", {"frontend": "back"}, "no frontend back"),
        ("network.delay", {"link": LINK, "delay_ms": 10**9}, "delay_ms"),
        ("network.dealy", {}, "There is no fault"),
    ):
        with pytest.raises(UserError, match=said):
            await stand.injector.inject(kind, parameters, 5)
    with pytest.raises(UserError, match="at most 600"):
        await stand.injector.inject("cache.flush", {}, 601)
    assert not stand.injector.on
    assert not list((stand.directory / "faults").glob("*.json"))


async def test_what_a_daemon_that_died_left_is_undone_by_the_next(stand: Stand) -> None:
    dropped = await stand.injector.inject("database.dropped-index", {"index": "orders_customer"}, 60)
    records = stand.directory / "faults"
    kept = (records / f"{dropped.number:04}.json").read_text()
    await stand.injector.end(dropped.number)
    # What lies there after kill -9: the record, and a database without the index.
    scene = Scene(stand.range)
    await scene.sql("DROP INDEX public.orders_customer")
    (records / f"{dropped.number:04}.json").write_text(kept)
    over: list[tuple[int, str]] = []
    following = Injector(scene, records, lambda each, why: over.append((each.number, why)))
    await following.restore()
    assert over == [(dropped.number, LEFT)]
    assert await scene.sql("SELECT to_regclass('public.orders_customer') IS NOT NULL") == [(True,)]
    assert not list(records.glob("*.json"))


async def test_a_record_that_cannot_be_read_is_put_aside_and_holds_nothing_up(stand: Stand) -> None:
    file = stand.directory / "faults" / "9000.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text("{")
    await Injector(Scene(stand.range), file.parent).restore()
    assert not file.exists()
    file.with_suffix(".unread").unlink()


async def test_a_guard_ends_it_early(stand: Stand) -> None:
    looks = 0

    async def guard(_: Injection) -> str:
        nonlocal looks
        looks += 1
        return "enough" if looks > 1 else ""

    await stand.injector.inject("network.delay", {"link": LINK}, 60, guard)

    async def over() -> bool:
        return not stand.injector.on

    await until(over, deadline_s=10, what="the guard has ended it")
    assert stand.over[-1] == ("network.delay", "enough")
    assert await _toxics(stand) == []


async def test_a_fault_whose_component_is_gone_meanwhile_is_over_all_the_same(stand: Stand) -> None:
    injection = await stand.injector.inject("process.pause", {"component": "mailsink"}, 60)
    assert stand.range.supervisor.member("mailsink").state is State.FROZEN
    await stand.range.restart("mailsink")
    await stand.injector.end(injection.number)
    assert stand.over[-1] == ("process.pause", ASKED)
    assert stand.range.supervisor.member("mailsink").state is State.READY


async def test_a_fault_that_does_not_come_about_is_undone(stand: Stand) -> None:
    scene = Scene(stand.range)
    switches = {"rules": [{"route": "/x", "delay_ms": 1}]}
    async with scene.cache() as cache:
        await cache.set("shop:chaos", json.dumps(switches))
    with pytest.raises(UserError, match="chaos switches are in use"):
        await stand.injector.inject("application.delay", {}, 5)
    async with scene.cache() as cache:
        assert json.loads(await cache.get("shop:chaos")) == switches  # not ours to turn off
        await cache.delete("shop:chaos")


async def test_a_network_that_dies_forgets_what_was_done_to_it(stand: Stand) -> None:
    injection = await stand.injector.inject("network.black-hole", {"link": LINK}, 60)
    member = stand.range.supervisor.member("network")
    before = member.pid
    await stand.range.kill("network")

    async def again() -> bool:
        return member.state is State.READY and member.pid != before

    await until(again, deadline_s=20, what="the network is there again")
    assert await _toxics(stand) == []
    await stand.injector.end(injection.number)


async def test_customers_are_served_through_the_network_and_by_nothing_else(stand: Stand) -> None:
    """A cut link is cut: nothing goes around it."""
    injection = await stand.injector.inject("network.cut", {"link": "*-to-postgres"}, 60)
    dsn = stand.range.credentials.dsn("shop_admin", stand.range.addresses)
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:

        async def nobody() -> bool:
            cursor = await connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE usename = 'shop_app'"
            )
            return (await cursor.fetchone()) == (0,)

        await until(nobody, deadline_s=20, what="the shop has no connection", every_s=0.1)
    await stand.injector.end(injection.number)

    async def served() -> bool:
        return (await stand.window(2.0))["requests.success_ratio"].value > 0.99

    await until(served, deadline_s=40, what="customers are served")


async def test_nothing_that_the_learner_made_runs_as_the_superuser(stand: Stand) -> None:
    """Triggers run as whoever touches a table: `shop_admin` owns these, and must not become more by it."""
    dsn = stand.range.credentials.dsn("shop_admin", stand.range.addresses)
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as owner:
        await owner.execute("CREATE TABLE public.seen (who text)")
        await owner.execute("GRANT INSERT ON public.seen TO PUBLIC")
        await owner.execute(
            "CREATE FUNCTION public.spy() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN INSERT INTO public.seen VALUES (current_user); RETURN NULL; END $$"
        )
        for table in ("outbox", "stock", "product_ratings", "categories"):
            await owner.execute(
                f"CREATE TRIGGER spy AFTER INSERT OR UPDATE OR DELETE ON public.{table}"
                " FOR EACH STATEMENT EXECUTE FUNCTION public.spy()"
            )
        for kind in ("queue.poison-message", "queue.producer-flood", "queue.duplicate-delivery"):
            injection = await stand.injector.inject(kind, {}, 30)
            await asyncio.sleep(1.2)  # some of what it does comes while it lasts
            await stand.injector.end(injection.number)
        for table in ("stock", "product_ratings"):
            injection = await stand.injector.inject("database.bloat", {"table": table, "rounds": 1}, 30)
            await asyncio.sleep(1.2)
            await stand.injector.end(injection.number)
        cursor = await owner.execute("SELECT DISTINCT who FROM public.seen")
        seen = {row[0] for row in await cursor.fetchall()}
        await owner.execute("DROP FUNCTION public.spy() CASCADE")
        await owner.execute("DROP TABLE public.seen")
    assert seen == {"shop_app"}


async def test_what_does_not_run_cannot_be_hit(stand: Stand) -> None:
    with pytest.raises(UserError, match="standby does not run"):
        await stand.injector.inject("process.kill-9", {"component": "standby"}, 5)


async def test_a_range_that_stops_leaves_records_of_what_could_not_be_undone(stand: Stand) -> None:
    records = stand.directory / "closing"
    over: list[tuple[str, str]] = []
    closing = Injector(Scene(stand.range), records, lambda each, why: over.append((each.kind, why)))
    await closing.inject("database.dropped-index", {"index": "orders_customer"}, 60)
    await closing.inject("process.pause", {"component": "postgres"}, 60)
    await closing.close()
    assert [kind for kind, why in over if why] == ["process.pause", "database.dropped-index"]
    assert not closing.on
    assert not list(records.glob("*.json"))
    assert await Scene(stand.range).sql("SELECT to_regclass('public.orders_customer') IS NOT NULL") == [
        (True,)
    ]
