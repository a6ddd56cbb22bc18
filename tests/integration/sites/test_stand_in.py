"""A stand-in takes a range's place with nothing but what lies off site, and the range comes back whole."""

from pathlib import Path

import pytest
from sites_stand import must, running, shell, state

from drillyard.base.clock import until
from drillyard.range.member import State
from drillyard.range.stand_in import not_restored, put_back, stand_in

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]

RESTORE = """\
shopctl apply "$OFFSITE/config"
find "$PGDATA" -mindepth 1 -delete
cp -a "$OFFSITE/base/." "$PGDATA/"
shopctl start postgres
shopctl start valkey
shopctl start haproxy
"""


async def test_a_stand_in_has_what_lies_off_site_and_nothing_else(place: Path) -> None:
    async with running(place) as (made, _):
        await must(
            made,
            'pg_basebackup -D "$OFFSITE/base" -X stream -c fast; cp -a "$CONFIG" "$OFFSITE/config"\n'
            'echo here > "$BACKUPS/mark"; echo here > "$HOME/mark"; psql -qc "CREATE TABLE later (id int)"',
        )
        await made.stop()
        aside = place / "aside"
        stand = stand_in(made, aside)
        assert stand.addresses == made.addresses
        try:
            await stand.start(struck=True)
            assert state(stand, "postgres") is State.FAILED
            assert "waits for postgres" in stand.supervisor.member("storefront-1").reason
            said = await must(stand, 'ls -A "$BACKUPS" "$ARCHIVE" "$HOME" "$PGDATA"; ls "$OFFSITE"')
            assert "mark" not in said
            assert {"base", "config"} <= set(said.split())
            assert (await shell(stand, 'ls "$CONFIG"'))[0] != 0
            assert "haproxy/haproxy.cfg" in not_restored(stand, aside)
            await must(stand, RESTORE)
            # Nothing that the runbook could have done: on a stand-in nobody made it one.
            assert "The standby has no data yet" in stand.supervisor.member("standby").reason

            async def serves() -> bool:
                return state(stand, "storefront-1") is State.READY

            await until(serves, deadline_s=60, what="the replicas come by themselves", every_s=0.1)
            assert not_restored(stand, aside) == []
            assert (await must(stand, "psql -qAtc \"SELECT to_regclass('public.later')\"")).strip() == ""
        finally:
            await stand.stop()
        assert put_back(made.directory, aside)
        assert not aside.exists()
        assert not put_back(made.directory, aside)
        await made.start()
        assert (await must(made, "psql -qAtc \"SELECT to_regclass('public.later')\"")).strip() == "later"
        assert "here" in await must(made, 'cat "$BACKUPS/mark"')


async def test_a_configuration_is_put_in_force_before_there_are_data(place: Path) -> None:
    """A copy of yesterday differs from what is in force; the database cannot start yet."""
    async with running(place) as (made, _):
        await must(made, 'cp -a "$CONFIG" "$OFFSITE/config"')
        await must(
            made,
            'echo "# of yesterday" >> "$OFFSITE/config/postgres/postgresql.conf"\n'
            'echo "# of yesterday" >> "$OFFSITE/config/haproxy/haproxy.cfg"\n'
            'echo "# of yesterday" >> "$OFFSITE/config/storefront/storefront.toml"\n'
            'pg_basebackup -D "$OFFSITE/base" -X stream -c fast\n'
            'shopctl stop postgres; find "$PGDATA" -mindepth 1 -delete; shopctl start postgres || true',
        )
        assert state(made, "postgres") is State.FAILED
        said = await must(made, 'shopctl apply "$OFFSITE/config"')
        assert "is in force" in said
        # Nobody tries to start it later, in the middle of what is laid out next.
        assert "postgres" not in made.supervisor._reviving
        assert "of yesterday" in await must(made, 'cat "$CONFIG/postgres/postgresql.conf"')
        await must(made, 'cp -a "$OFFSITE/base/." "$PGDATA/"; shopctl start postgres')
        assert state(made, "postgres") is State.READY
