"""What a measurement of real ranges holds, and what tampering does to it."""

import asyncio
import os
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

import httpx
import psycopg
import pytest
import valkey.asyncio as valkey
from assess_pair import LOAD, Pair

from drillyard.assess import audit, kept
from drillyard.assess.baseline import Baseline, take_baseline
from drillyard.assess.kept import Keeper
from drillyard.assess.measurement import MissingReadingError
from drillyard.assess.measuring import Wanted, measure
from drillyard.assess.probe import ProbeSite
from drillyard.assess.probes import prices
from drillyard.assess.readings import described
from drillyard.assess.session import Session
from drillyard.assess.shape import Shape
from drillyard.base.clock import until, wall
from drillyard.measure import quiet
from drillyard.measure.reading import Window
from drillyard.measure.site import Site
from drillyard.measure.source import PER_REQUEST, Described
from drillyard.measure.sources.postgres import Postgres
from drillyard.measure.sources.valkey import Valkey
from drillyard.measure.watch import Watch
from drillyard.traffic.ledger import Entry, LedgerWriter, WriteClass

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]

_ROLE_SETTINGS = (
    b"SELECT 1 FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole WHERE rolname = 'shop_app'"
)
SHORT = Shape("quick", rounds=4, window_s=1.5, warm_s=1.0, limit_s=120, spare_rounds=0)


async def test_a_measurement_holds_readings_of_every_source_and_is_kept(pair: Pair, tmp_path: Path):
    subjects = [pair.subject("learner"), pair.subject("twin")]
    baseline = await take_baseline(subjects[0].site)
    # Few of those who come in a second and a half get as far as an order: here most come to buy.
    buying = replace(LOAD, mix={"browse": 30, "buy": 70})
    wanted = Wanted("test", "7", SHORT, buying, audit=True)
    told: list[str] = []
    m = await measure(
        wanted,
        subjects,
        Keeper(tmp_path / "m1"),
        baseline=baseline,
        progress=lambda progress: told.append(progress.text),
    )
    assert m.complete
    assert told[0] == "warming up learner"
    names = set(m.learner.all()) | {name for window in m.windows for name in window.readings}
    known = [*described(), *(Described(d.name + PER_REQUEST, d.unit) for d in described() if d.per_request)]
    assert [name for name in names if not any(each.matches(name) for each in known)] == []
    assert [gap for window in m.windows for gap in window.gaps] == []
    for name in ("db.calls_per_request", "cache.hit_ratio.product"):
        assert m.learner[name].value > 0
    assert m.learner["jobs.done"].value > 0
    assert m.learner["services.down"].value == 0
    assert m.learner["services.processes"].value == 6
    assert m.learner["processes.memory"].value > 50e6
    assert m.learner["requests.success_ratio"].value == 1
    assert m.learner["ledger.acknowledged"].value > 0
    for name in ("missing", "changed", "doubled", "incomplete"):
        assert m.learner[f"ledger.{name}"].value == 0
    for name in ("jobs.lost", "rows.lost.orders"):
        assert m.learner[name].value == 0
    assert m.ratio("db.calls_per_request").wholly_outside(0, 2) is False
    again = kept.load(tmp_path / "m1")
    assert again.learner["db.calls_per_request"] == m.learner["db.calls_per_request"]


async def test_an_interrupted_session_goes_on_after_its_last_whole_round(pair: Pair, tmp_path: Path):
    subjects = [pair.subject("learner"), pair.subject("twin")]
    keeper = Keeper(tmp_path / "m1")
    third_window = asyncio.Event()

    def stop_in_round_two(progress):
        if progress.text == "round 2 of 4: twin":
            third_window.set()

    first = asyncio.create_task(Session(subjects, LOAD, SHORT, keeper, progress=stop_in_round_two).run())
    await third_window.wait()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    done = {(window.round, window.subject): window.window for window in keeper.windows()}
    assert {(0, "learner"), (0, "twin"), (1, "learner")} <= done.keys()
    windows = await Session(subjects, LOAD, SHORT, keeper).run()
    assert [window.round for window in windows] == [0, 0, 1, 1, 2, 2, 3, 3]
    again = {(window.round, window.subject): window.window for window in windows}
    assert again[0, "learner"] == done[0, "learner"]
    assert again[1, "learner"] != done[1, "learner"]


async def test_resetting_the_statistics_inside_a_window_gives_a_gap_and_no_figure(pair: Pair):
    site = pair.subject("learner").site
    source = Watch(site, [Postgres])
    started = wall()
    await source.begin()
    async with await psycopg.AsyncConnection.connect(site.audit_dsn, autocommit=True) as admin:
        await admin.execute(b"SELECT public.pg_stat_statements_reset()")
    sheets = await source.end(Window(started, wall()), 100)
    await source.close()
    assert "db.buffers" not in sheets.readings
    assert "db.connections.max" in sheets.readings
    assert any("reset inside the window" in gap.reason for gap in sheets.gaps if gap.covers("db.buffers"))


@pytest.mark.parametrize(
    ("hide", "show"),
    [
        (b"ALTER SYSTEM SET pg_stat_statements.track_utility = off", b"ALTER SYSTEM RESET ALL"),
        (b"ALTER ROLE shop_app SET pg_stat_statements.track = none", b"ALTER ROLE shop_app RESET ALL"),
    ],
    ids=["utility", "role"],
)
async def test_statistics_that_leave_something_out_give_a_gap_and_no_figure(
    pair: Pair, hide: bytes, show: bytes
):
    site = pair.subject("learner").site
    async with await psycopg.AsyncConnection.connect(site.audit_dsn, autocommit=True) as admin:
        kept = await (await admin.execute(_ROLE_SETTINGS)).fetchall()
        assert kept == []
        try:
            await admin.execute(hide)
            await admin.execute(b"SELECT pg_reload_conf()")
            await until(partial(_hidden, site), deadline_s=20, what="the settings are in force")
            source = Watch(site, [Postgres])
            started = wall()
            await source.begin()
            sheets = await source.end(Window(started, wall()), 0)
            await source.close()
        finally:
            await admin.execute(show)
            await admin.execute(b"SELECT pg_reload_conf()")
    assert "db.calls" not in sheets.readings
    assert any("does not count everything" in gap.reason for gap in sheets.gaps if gap.covers("db.calls"))


async def _hidden(site: Site) -> bool:
    """Whether a connection that is made now sees one of the settings."""
    async with await psycopg.AsyncConnection.connect(site.dsn) as connection:
        query = b"SELECT current_setting('pg_stat_statements.track_utility') = 'off' OR EXISTS ("
        row = await (await connection.execute(query + _ROLE_SETTINGS + b")")).fetchone()
        return row == (True,)


async def test_connections_are_counted_whatever_they_call_themselves(pair: Pair):
    subject = pair.subject("learner")
    dsn = pair.ranges["learner"].credentials.dsn("shop_app", subject.site.addresses)
    source = Watch(subject.site, [Postgres])
    counts = []
    for disguised in (0, 8):
        async with AsyncExitStack() as stack:
            for _ in range(disguised):
                made = await psycopg.AsyncConnection.connect(dsn, application_name="drillyard-measure")
                await stack.enter_async_context(made)
            started = wall()
            await source.begin()
            sheets = await source.end(Window(started, wall()), 0)
            counts.append(sheets.readings["db.connections.max"].value)
    await source.close()
    assert counts[1] >= counts[0] + 4


async def test_statistics_that_count_nothing_while_customers_come_are_no_figure(pair: Pair):
    source = Watch(pair.subject("twin").site, [Postgres])
    await asyncio.sleep(0)
    started = wall()
    await source.begin()
    sheets = await source.end(Window(started, started + 1), 100)
    await source.close()
    reasons = [gap.reason for gap in sheets.gaps if gap.covers("db.buffers")]
    assert "db.buffers" in sheets.readings or any("counted nothing" in reason for reason in reasons)


async def test_a_source_that_does_not_answer_gives_a_gap_that_says_so(pair: Pair):
    site = pair.subject("learner").site
    nowhere = type(site)("learner", type(site.addresses)("127.0.0.9", site.addresses.ports), site.dsn)
    source = Watch(nowhere, [Valkey])
    await source.begin()
    sheets = await source.end(Window(0, 1), 1)
    await source.close()
    assert sheets.readings == {}
    assert "valkey could not be read" in next(g.reason for g in sheets.gaps if g.covers("valkey.hit_ratio"))


async def audited(site: Site, baseline: Baseline, ledger: Path) -> dict[str, float]:
    found = await audit.audit(site, baseline, [ledger])
    return {each.name: each.value for each in (*found, *await audit.audit_rows(site, baseline))}


async def test_a_deleted_or_changed_order_and_a_shrunken_table_are_found(pair: Pair, tmp_path: Path):
    site = pair.subject("learner").site
    baseline = await take_baseline(site)
    ledger = tmp_path / "ledger.jsonl"
    async with await psycopg.AsyncConnection.connect(site.audit_dsn, autocommit=True) as admin:
        query = b"SELECT id, customer_id, amount_cents FROM orders ORDER BY id DESC LIMIT 3"
        rows = await (await admin.execute(query)).fetchall()
        writer = LedgerWriter(ledger)
        for number, (order, customer, amount) in enumerate(rows):
            writer.append(
                Entry(
                    WriteClass.ACKNOWLEDGED, f"k{number}", 0.0,
                    customer=customer, order_id=order, amount_cents=amount,
                )
            )  # fmt: skip
        writer.close()
        clean = await audited(site, baseline, ledger)
        assert clean["ledger.acknowledged"] == 3
        assert clean["ledger.missing"] == clean["ledger.changed"] == clean["rows.lost.orders"] == 0
        async with admin.transaction(force_rollback=False):
            await admin.execute(b"SET session_replication_role = replica")
            await admin.execute(b"DELETE FROM orders WHERE id = %s", (rows[0][0],))
            await admin.execute(b"UPDATE orders SET amount_cents = 1 WHERE id = %s", (rows[1][0],))
            await admin.execute(b"DELETE FROM reviews WHERE id <= 5")
        dirty = await audited(site, baseline, ledger)
        forgiven = await audit.audit(site, baseline, [ledger], forgiven=audit.Forgiven(frozenset({"k0"})))
        await admin.execute(b"SET session_replication_role = DEFAULT")
    found = {each.name: each.value for each in forgiven}
    assert (found["ledger.missing"], found["ledger.changed"]) == (0, 1)
    assert dirty["ledger.missing"] == 1
    assert dirty["ledger.changed"] == 1
    assert dirty["rows.lost.reviews"] == 5
    assert dirty["rows.lost.products"] == 0


@pytest.mark.parametrize(
    "harm",
    [
        b"DELETE FROM order_lines WHERE order_id = %s",
        b"DELETE FROM payments WHERE order_id = %s",
        b"DELETE FROM mails_sent WHERE order_id = %s",
        b"DELETE FROM stock_movements WHERE order_id = %s",
    ],
)
async def test_an_order_without_what_follows_from_it_is_found(pair: Pair, tmp_path: Path, harm: bytes):
    subject = pair.subject("twin")
    load = Wanted("test", "7", replace(SHORT, rounds=1, window_s=3), LOAD)
    settled = (
        b"SELECT o.id, o.customer_id, o.amount_cents FROM orders o JOIN payments p ON p.order_id = o.id"
        b" WHERE p.status <> 'pending' AND p.updated_at > now() - interval '1 hour'"
        b" AND EXISTS (SELECT FROM mails_sent m WHERE m.order_id = o.id)"
        b" AND EXISTS (SELECT FROM stock_movements m WHERE m.order_id = o.id) ORDER BY o.id DESC LIMIT 1"
    )
    async with await psycopg.AsyncConnection.connect(subject.site.audit_dsn, autocommit=True) as admin:
        await Session([subject], LOAD, load.shape, Keeper(tmp_path / "m")).send(
            subject, rate=50, seconds=3, seed=int(wall())
        )

        async def found() -> bool:
            return (await admin.execute(settled)).rowcount == 1

        await until(found, deadline_s=20, what="an order is paid, booked and confirmed")
        order, customer, amount = await (await admin.execute(settled)).fetchone() or (0, 0, 0)
        writer = LedgerWriter(tmp_path / "ledger.jsonl")
        writer.append(
            Entry(WriteClass.ACKNOWLEDGED, "k", 0.0, customer=customer, order_id=order, amount_cents=amount)
        )
        writer.close()
        counts = []
        for statement in (b"SELECT %s", harm):
            await admin.execute(b"SET session_replication_role = replica")
            await admin.execute(statement, (order,))
            readings = await audit.audit(subject.site, None, [tmp_path / "ledger.jsonl"])
            counts.append({each.name: each.value for each in readings}["ledger.incomplete"])
        await admin.execute(b"DELETE FROM orders WHERE id = %s", (order,))
    assert counts == [0, 1]


async def test_jobs_that_were_thrown_out_of_their_queue_are_found(pair: Pair):
    site = pair.subject("twin").site
    endpoint = site.addresses.endpoint("valkey")
    client = valkey.Valkey(host=endpoint.host, port=endpoint.port)
    async with await psycopg.AsyncConnection.connect(site.audit_dsn, autocommit=True) as admin:
        await admin.execute(
            b"INSERT INTO outbox (kind, payload, created_at, sent_at)"
            b" VALUES ('send_mail', '{}', now() - interval '1 minute', now() - interval '1 minute')"
        )
        found = {reading.name: reading.value for reading in await audit.audit(site, None, [])}
        met = audit.Forgiven(spans=((wall() - 3600, wall() - 3000), (wall() - 90, wall() - 30)))
        forgiven = {each.name: each.value for each in await audit.audit(site, None, [], forgiven=met)}
        await admin.execute(b"UPDATE outbox SET done_at = now() WHERE done_at IS NULL")
    await client.aclose()
    assert found["jobs.lost"] == 1
    assert forgiven["jobs.lost"] == 0


async def test_a_price_that_stays_old_is_seen_from_outside_and_put_back(pair: Pair):
    subject = pair.subject("twin")

    async def at_once() -> None:
        return

    async with httpx.AsyncClient(base_url=f"http://{subject.target}", timeout=20, trust_env=False) as client:
        site = ProbeSite("twin", client, subject.site.audit_dsn, at_once, {"promise.price_stale_s": 1.0})
        before = await _prices(site)
        readings = await prices.price_staleness(site)
        assert await _prices(site) == before
    assert [reading.name for reading in readings] == ["promise.price_seen_after"]
    assert readings[0].value > 1


async def _prices(site: ProbeSite) -> list[tuple[object, ...]]:
    return await site.sql("SELECT id, price_cents FROM public.products ORDER BY id")


async def test_subjects_go_to_the_background_and_come_back(pair: Pair):
    pid = pair.subject("twin").pids()["valkey"]
    quiet.background([pid])
    behind = os.getpriority(os.PRIO_PROCESS, pid)
    quiet.foreground([pid])
    assert os.getpriority(os.PRIO_PROCESS, pid) == 0
    assert behind == (quiet.BACKGROUND_NICE if os.geteuid() == 0 else 0)


async def test_a_measurement_is_over_at_its_deadline_and_says_so(pair: Pair, tmp_path: Path):
    subjects = [pair.subject("learner"), pair.subject("twin")]
    m = await measure(Wanted("test", "7", replace(SHORT, limit_s=7), LOAD), subjects, Keeper(tmp_path / "m1"))
    assert not m.complete
    with pytest.raises(MissingReadingError, match="the time for it was over after"):
        m.ratio("db.calls_per_request")
