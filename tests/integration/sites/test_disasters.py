"""Every kind of disaster on a live range: what it takes, and what it leaves."""

import random
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest
from sites_stand import must, running, shell, state

from drillyard.base.clock import until, wall
from drillyard.faults.disasters import disaster, disasters
from drillyard.faults.scene import Scene
from drillyard.range.member import State
from drillyard.range.range import Range

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]

ARCHIVING = """
archive_mode = on
archive_command = 'test ! -f "$ARCHIVE/%f" && cp %p "$ARCHIVE/%f"'
archive_timeout = 1
"""
ORDERS = "psql -qAtc 'SELECT count(*) FROM orders'"


@asynccontextmanager
async def backed_up(place: Path) -> AsyncIterator[Range]:
    """A shop that archives, with a backup at each site."""
    async with running(place) as (made, workspace):
        with (workspace / "postgres" / "postgresql.conf").open("a") as file:
            file.write(ARCHIVING)
        await made.apply(workspace)
        await must(
            made,
            'pg_basebackup -D "$BACKUPS/old" -c fast; pg_basebackup -D "$BACKUPS/new" -c fast\n'
            'cp -a "$BACKUPS/new" "$OFFSITE/base"; cp -r "$CONFIG" "$OFFSITE/config"',
        )
        yield made


async def strike(made: Range, kind: str, *, patience_s: float = 3.0) -> str:
    before = wall()
    struck = await disaster(kind).strike(Scene(made, random.Random(7), patience_s=patience_s))
    assert before <= struck.moment <= wall()
    assert struck.detail
    return struck.detail


async def served(made: Range) -> bool:
    """Whether the shop's front door shows products."""
    code, _ = await shell(made, "psql -qc 'SELECT 1' > /dev/null 2>&1")
    return code == 0


def test_every_kind_is_described() -> None:
    found = disasters()
    assert len(found) >= 9
    for kind, each in found.items():
        assert each.id == kind
        assert len(each.about.split()) > 30
        assert each.title
    with pytest.raises(Exception, match="There is no disaster `fire`"):
        disaster("fire")


async def test_a_dead_disk_leaves_what_lies_beside_the_data(place: Path) -> None:
    async with backed_up(place) as made:
        await strike(made, "data-gone")
        assert state(made, "postgres") is State.FAILED
        assert not await served(made)
        await must(made, 'cp -a "$BACKUPS/new/." "$PGDATA/"; shopctl start postgres; ' + ORDERS)


async def test_a_bad_migration_leaves_a_server_that_is_well(place: Path) -> None:
    async with backed_up(place) as made:
        tables = ("orders", "order_lines", "reviews", "product_ratings")
        counted = "; ".join(f"psql -qAtc 'SELECT count(*) FROM {table}' || echo gone" for table in tables)
        before = await must(made, counted)
        await strike(made, "rows-deleted")
        assert state(made, "postgres") is State.READY
        assert await must(made, counted) != before


async def test_garbled_pages_are_told_by_their_checksums(place: Path) -> None:
    async with backed_up(place) as made:
        detail = await strike(made, "pages-corrupt")
        table = detail.rsplit(" ", 3)[1]
        code, said = await shell(made, f"psql -qAtc 'SELECT sum(hashtext(t::text)) FROM {table} t'")
        assert code != 0
        assert re.search("invalid pages? (in|among) block", said), said


async def test_an_archive_that_took_nothing_ends_when_it_was_closed(place: Path) -> None:
    async with backed_up(place) as made:
        await must(made, "psql -qc 'SELECT pg_switch_wal()' > /dev/null")
        await strike(made, "archive-silent")
        assert state(made, "postgres") is State.FAILED
        code, _ = await shell(made, 'touch "$ARCHIVE/again"')
        assert code == 0, "what comes after the recovery can be archived"


async def test_hosts_without_configuration_do_not_start(place: Path) -> None:
    async with backed_up(place) as made:
        await strike(made, "configuration-lost")
        assert {state(made, name) for name in ("haproxy", "postgres", "valkey")} == {State.FAILED}
        await must(
            made,
            'shopctl apply "$OFFSITE/config"; for c in postgres valkey haproxy; do shopctl start $c; done',
        )
        assert await served(made)


async def test_an_empty_cache_comes_back_by_itself(place: Path) -> None:
    async with backed_up(place) as made:
        await strike(made, "cache-lost")
        assert state(made, "valkey") is State.READY
        assert await served(made)


async def test_ransom_spares_what_lies_off_site(place: Path) -> None:
    async with backed_up(place) as made:
        await strike(made, "ransom")
        code, _ = await shell(made, 'test -f "$BACKUPS/new/PG_VERSION"')
        assert code != 0
        await must(made, 'test -f "$BACKUPS/new/PG_VERSION.locked"')
        await must(
            made, 'rm -rf "$PGDATA"/*; cp -a "$OFFSITE/base/." "$PGDATA/"; shopctl start postgres; ' + ORDERS
        )


async def test_a_lost_site_takes_servers_and_storage(place: Path) -> None:
    async with backed_up(place) as made:
        await strike(made, "site-lost")
        assert await must(made, 'ls -A "$BACKUPS" "$ARCHIVE" | grep -v : | xargs') == "\n"
        await must(
            made,
            'cp -a "$OFFSITE/base/." "$PGDATA/"; shopctl apply "$OFFSITE/config"\n'
            "for c in postgres valkey haproxy; do shopctl start $c; done",
        )
        assert await served(made)


async def test_only_the_newest_backup_is_spoilt(place: Path) -> None:
    async with backed_up(place) as made:
        detail = await strike(made, "backup-unreadable")
        assert "backups/new" in detail
        code, said = await shell(made, 'pg_verifybackup -n "$BACKUPS/new"')
        assert code != 0, said
        await must(made, 'pg_verifybackup -n "$BACKUPS/old"')


async def test_after_an_unfinished_disaster_the_range_starts_with_what_is_left(place: Path) -> None:
    async with backed_up(place) as made:
        await strike(made, "site-lost")
        await made.stop()
        await made.start(struck=True)
        assert state(made, "postgres") is State.FAILED
        assert state(made, "mailsink") is State.READY
        await must(
            made,
            'cp -a "$OFFSITE/base/." "$PGDATA/"; shopctl apply "$OFFSITE/config"\n'
            "for c in postgres valkey haproxy; do shopctl start $c; done",
        )

        async def sells() -> bool:
            try:
                with psycopg.connect(made.credentials.dsn("shop_app", made.addresses)) as connection:
                    return bool(connection.execute("SELECT 1").fetchone())
            except psycopg.Error:
                return False

        await until(sells, deadline_s=30, what="the shop has its database")
