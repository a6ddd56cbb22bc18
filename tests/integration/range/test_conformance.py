"""The contract of `drillyard.range.component`, held by every component of a range."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from range_stand import COMPONENTS, processes_of, standing

from drillyard.base.errors import UserError
from drillyard.base.paths import is_root
from drillyard.range.component import Reload
from drillyard.range.member import Happening, State

BAD = {
    "postgres": ("postgresql.conf", "max_connections = 50\nwork_mem = plenty\n", 2),
    "valkey": ("valkey.conf", "maxmemory 10mb\n\nmaxmemory-policy sometimes\n", 3),
    "haproxy": ("haproxy.cfg", "global\n    maxconn 10\n    maxcon 20\n", 3),
    "partner": ("storefront.toml", "[partner]\ndelay = 'long'\n", 2),
    "mailsink": ("storefront.toml", "nothing = = 1\n", 1),
    "storefront-1": ("storefront.toml", "nothing = = 1\n", 1),
    "worker-payments": ("storefront.toml", "nothing = = 1\n", 1),
    "prometheus": ("prometheus.yml", "global:\n  scrape_interval: often\n", 2),
    "alertmanager": ("alertmanager.yml", "route:\n  receiver: nobody\n  groupby: [x]\n", 3),
    "scheduler": ("crontab", "* * * * * true\n61 * * * * true\n", 2),
}
"""A file that the component's own tool refuses, and the line that is to blame."""

every_component = pytest.mark.parametrize("name", COMPONENTS)


@every_component
def test_it_starts_reloads_and_stops(place: Path, name: str) -> None:
    async def scene() -> None:
        async with standing(place, name) as stand:
            assert stand.member.state is State.READY
            process = psutil.Process(stand.member.pid)
            assert process.uids().real == stand.component.site.account.uid
            assert os.getsid(process.pid) == process.pid
            before = process.pid

            await stand.supervisor.reload(name)

            assert stand.member.state is State.READY
            assert await stand.component.ready()
            kept = stand.component.reload in (Reload.SIGNAL, Reload.LIVE)
            assert (stand.member.pid == before) is kept
            await stand.supervisor.stop()
            assert stand.member.state is State.STOPPED
            assert not await stand.component.ready()
        assert processes_of(place) == []

    asyncio.run(scene())


@every_component
def test_killed_it_is_started_again_and_after_a_stop_too(place: Path, name: str) -> None:
    async def scene() -> None:
        async with standing(place, name) as stand:
            first = stand.member.pid
            assert await stand.supervisor.kill(name)
            await stand.ready_again(first)
            assert stand.member.restarts == 1
            assert (Happening.DIED, name) in [(event.what, event.component) for event in stand.events]
            await stand.supervisor.stop()

            await stand.start()

            assert stand.member.state is State.READY

    asyncio.run(scene())


@every_component
def test_killed_on_purpose_it_stays_down_until_it_is_restarted(place: Path, name: str) -> None:
    async def scene() -> None:
        async with standing(place, name) as stand:
            await stand.supervisor.kill(name, signal.SIGKILL, stay_down=True)
            await stand.member.exited.wait()
            assert stand.member.state is State.KEPT_DOWN
            await stand.supervisor.restart(name)
            assert stand.member.state is State.READY

    asyncio.run(scene())


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_with_its_line_and_does_not_start(place: Path, name: str) -> None:
    async def scene() -> None:
        async with standing(place, name, start=False) as stand:
            component = stand.component
            file, content, line = BAD[name]
            good = {path.name: path for path in component.site.config.iterdir() if path.is_file()}
            assert component.validate(good) == []
            candidate = place / file
            candidate.write_text(content)

            problems = component.validate({**good, file: candidate})

            assert (file, line) in [(problem.file, problem.line) for problem in problems]
            (component.site.config / file).write_text(content)
            with pytest.raises(UserError):
                await stand.start_strictly()

    asyncio.run(scene())


@pytest.mark.parametrize("name", [name for name in COMPONENTS if name != "scheduler"])
def test_a_taken_address_is_named(place: Path, name: str) -> None:
    async def scene() -> None:
        async with standing(place, name, start=False) as stand:
            endpoint = stand.component.site.addresses.endpoint(stand.component.listens[0])
            with (
                socket.create_server((endpoint.host, endpoint.port)),
                pytest.raises(UserError, match=str(endpoint)),
            ):
                await stand.start_strictly()

    asyncio.run(scene())


@every_component
def test_a_read_only_directory_is_named(place: Path, name: str) -> None:
    async def scene() -> None:
        async with standing(place, name, start=False) as stand:
            directory = stand.component.site.directory
            with _read_only(directory), pytest.raises(UserError, match=str(directory)):
                stand.component.prepare()

    asyncio.run(scene())


@contextmanager
def _read_only(directory: Path) -> Iterator[None]:
    """Permissions do not bind root: a read-only file system does. Others mend those of a directory of theirs,
    and cannot make one in a directory that is closed.
    """
    if not is_root():
        shutil.rmtree(directory, ignore_errors=True)
        mode = directory.parent.stat().st_mode
        directory.parent.chmod(0o500)
        try:
            yield
        finally:
            directory.parent.chmod(mode)
        return
    directory.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(directory)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"this machine allows no mounts: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(directory)], check=True)
