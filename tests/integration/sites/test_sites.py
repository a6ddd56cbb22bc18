"""A range with two sites: its operators' shell, its schedule, and data or files that are gone."""

import asyncio
import json
import shutil
import signal
from pathlib import Path

import psycopg
import pytest
from sites_stand import must, running, shell, state

from drillyard.base.clock import until
from drillyard.base.paths import is_root
from drillyard.range.apply import RolledBackError
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

        (workspace / "ops" / "crontab").write_text("* * * * * false\n0 3 * * * false\n")
        await made.apply(workspace)

        async def taken() -> bool:  # not as the last line: a job may already have run, and said so
            return any("crontab taken: 2 jobs" in line for line in made.logs("scheduler"))

        await until(taken, deadline_s=10, what="the new crontab is taken")


async def test_what_a_job_leaves_running_outlives_components_that_die(place: Path) -> None:
    async with running(place) as (made, workspace):
        assert made.host
        beat = made.host.sites.offsite / "beat"
        loop = 'while :; do date +%s%N > "$OFFSITE/beat"; sleep 0.1; done'
        (workspace / "ops" / "crontab").write_text(
            f"@reboot setsid sh -c '{loop.replace('%', chr(92) + '%')}' > /dev/null 2>&1 < /dev/null &\n"
        )
        await made.apply(workspace)
        await must(made, "shopctl restart scheduler")

        async def beats() -> bool:
            before = beat.read_text() if beat.exists() else ""
            await asyncio.sleep(0.3)
            return beat.exists() and beat.read_text() not in ("", before)

        await until(beats, deadline_s=20, what="the loop runs")
        await must(made, "shopctl restart mailsink\nshopctl stop valkey\nshopctl start valkey")
        await until(beats, deadline_s=5, what="the loop still runs")


async def test_a_server_is_told_of_a_script_when_the_script_is_there(place: Path) -> None:
    """PostgreSQL tries a new archive_command at once: it failed when its script came after it."""
    async with running(place) as (made, workspace):
        assert made.host
        seen: dict[str, set[str]] = {}

        def see(said: str) -> None:
            assert made.host
            seen[said] = {path.name for path in (made.host.sites.config / "ops").iterdir()}

        _with_archive(workspace, "keep")
        await made.apply(workspace, see)
        assert "keep" not in seen["checking 2 changed files"]
        assert "keep" in seen["postgres: reloaded"]

        _with_archive(workspace, "keep-more", "huge_pages = on")  # no machine of ours has them to give
        with pytest.raises(RolledBackError):
            await made.apply(workspace, see)
        assert "keep-more" in seen["putting the previous release back"]
        see("then")
        assert {"keep", "keep-more"} & seen["then"] == {"keep"}


def _with_archive(workspace: Path, script: str, *settings: str) -> None:
    (workspace / "ops" / script).write_text("#!/bin/sh\n")
    file = workspace / "postgres" / "postgresql.conf"
    command = f"archive_command = '\"$CONFIG\"/ops/{script} %p'"
    file.write_text("\n".join((file.read_text(), command, *settings, "")))


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


async def test_operators_find_the_cache_by_its_variables(place: Path) -> None:
    async with running(place) as (made, _):
        ping = 'exec 3<> "/dev/tcp/$VALKEY_HOST/$VALKEY_PORT"; printf "PING\\r\\n" >&3; head -n 1 <&3'
        assert (await must(made, f"bash -c '{ping}'")).strip() == "+PONG"


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


async def test_an_apply_tells_what_it_put_back_though_no_file_had_changed(place: Path) -> None:
    async with running(place) as (made, workspace):
        assert made.host
        assert (await made.apply(workspace)).actions == ()
        haproxy = made.supervisor.member("haproxy")
        for directory in (made.host.sites.config, haproxy.component.site.config):
            shutil.rmtree(directory)
        await made.kill("haproxy", stay_down=True)
        await haproxy.exited.wait()
        code, said = await shell(made, "shopctl start haproxy")
        assert code == 2
        assert "HAProxy has no configuration" in said
        assert "shopctl apply DIRECTORY" in said

        report = await made.apply(workspace)
        assert report.files == ()
        put_back, came = report.actions
        assert put_back == "$CONFIG: was put back"
        assert came.startswith("haproxy: its configuration was put back, it ")

        async def ready() -> bool:
            return haproxy.state is State.READY

        await until(ready, deadline_s=20, what="haproxy runs")
        assert (await made.apply(workspace)).actions == ()


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
