"""A range with two sites: its operators' shell, its schedule, and data or files that are gone."""

import json
import shutil
import signal
from pathlib import Path

import psycopg
import pytest
from sites_stand import must, running, shell, state

from drillyard.base.clock import until
from drillyard.base.paths import is_root
from drillyard.range.components.scheduler import Scheduler
from drillyard.range.member import State

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]


async def test_a_schedule_runs_as_the_service_account_and_is_written_down(place: Path) -> None:
    async with running(place) as (made, workspace):
        assert made.host
        scheduler = made.supervisor.member("scheduler").component
        assert isinstance(scheduler, Scheduler)

        def ran() -> list[dict[str, object]]:
            return [json.loads(line) for line in scheduler.runs.read_text().splitlines()]

        async def first() -> bool:
            return scheduler.runs.exists() and bool(ran())

        await until(first, deadline_s=30, what="the job of the start has run")
        (run,) = ran()
        assert run["status"] == 0, run
        assert run["said"] == f"keep 3 in {made.host.sites.backups}\n"
        ticked = made.host.sites.offsite / "ticked"
        assert ticked.read_text() == "t\n"
        assert ticked.stat().st_uid == made.account.uid

        (workspace / "ops" / "crontab").write_text("* * * * * false\n")
        await made.apply(workspace)

        async def taken() -> bool:
            return "crontab taken: 1 jobs" in made.logs("scheduler")[-1]

        await until(taken, deadline_s=10, what="the new crontab is taken")


async def test_operators_stop_and_start_and_see(place: Path) -> None:
    async with running(place) as (made, _):
        assert "postgres                 ready" in await must(made, "shopctl status")
        await must(made, "shopctl stop postgres")
        assert state(made, "postgres") is State.KEPT_DOWN
        await must(made, "shopctl start postgres; psql -qc 'SELECT 1' > /dev/null")
        code, said = await shell(made, "shopctl start mysql")
        assert code == 2
        assert "no component 'mysql'" in said
        if is_root():
            code, _ = await shell(made, "cat ../../credentials.json")
            assert code != 0


async def test_data_that_are_gone_stay_gone_until_an_operator_brings_them_back(place: Path) -> None:
    async with running(place) as (made, _):
        postgres = made.supervisor.member("postgres")
        await must(made, 'pg_basebackup -D "$BACKUPS/base" -X stream -c fast')
        await made.kill("postgres", signal.SIGKILL, stay_down=True)
        await postgres.exited.wait()
        for entry in postgres.component.site.data.iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        code, said = await shell(made, "shopctl start postgres")
        assert code == 2
        assert "no database cluster" in said

        await made.stop()
        await made.start(struck=True)
        assert state(made, "postgres") is State.FAILED
        assert state(made, "haproxy") is State.READY

        await must(made, 'cp -a "$BACKUPS/base/." "$PGDATA/"; shopctl start postgres')

        async def all_back() -> bool:
            return {m.state for n, m in made.supervisor.members.items() if n != "standby"} == {State.READY}

        await until(all_back, deadline_s=60, what="everything runs again")


async def test_a_standby_follows_and_takes_over(place: Path) -> None:
    async with running(place) as (made, _):
        assert state(made, "standby") is State.FAILED
        await must(made, 'pg_basebackup -D "$STANDBY_DATA" -R -X stream -c fast; shopctl start standby')
        await must(made, "psql -qc 'CREATE TABLE marks (m int); INSERT INTO marks VALUES (7)'")
        assert made.host
        standby = made.host.shell.standby

        async def arrived() -> bool:
            at = f"host={standby.sockets} port={made.addresses.endpoint('standby').port}"
            try:
                with psycopg.connect(f"{at} user=postgres dbname=shop") as connection:
                    return connection.execute("SELECT m FROM marks").fetchall() == [(7,)]
            except psycopg.Error:
                return False

        await until(arrived, deadline_s=30, what="the standby has it")
        await must(
            made,
            'shopctl stop postgres; pg_ctl promote -w -D "$STANDBY_DATA"; shopctl stop standby\n'
            'rm -rf "$PGDATA"/*; mv "$STANDBY_DATA"/* "$PGDATA/"; shopctl start postgres',
        )
        assert await must(made, "psql -qAtc 'SELECT m FROM marks'") == "7\n"


async def test_configuration_that_is_gone_is_put_back_from_a_copy(place: Path) -> None:
    async with running(place) as (made, _):
        assert made.host
        await must(made, 'cp -r "$CONFIG" "$OFFSITE/config"')
        shutil.rmtree(made.host.sites.config)
        haproxy = made.supervisor.member("haproxy").component
        for path in haproxy.site.config.iterdir():
            path.unlink()
        await made.kill("haproxy")

        async def failed() -> bool:
            return state(made, "haproxy") is State.FAILED

        await until(failed, deadline_s=20, what="haproxy has given up")
        await must(made, 'shopctl apply "$OFFSITE/config"; shopctl start haproxy')
        assert state(made, "haproxy") is State.READY
        assert (made.host.sites.config / "haproxy" / "haproxy.cfg").exists()
