"""The nursery with small programs: accounts, logs, deaths, mounts."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from drillyard.base.clock import until
from drillyard.base.errors import Problem, UserError
from drillyard.base.paths import is_root
from drillyard.range.addresses import Addresses
from drillyard.range.component import Command, Component, Exec, Fork, Site
from drillyard.range.ledger import Ledger
from drillyard.range.nursery_client import NurseryClient
from drillyard.range.privileges import service_account

PATH = {"PATH": os.defpath}


class Program(Component):
    """Anything that can be run."""

    kind = "program"

    def __init__(self, directory: Path, command: Command) -> None:
        super().__init__("program", Site(directory, Addresses("127.0.0.1", {}), service_account()))
        self._command = command

    def command(self) -> Command:
        return self._command

    async def ready(self) -> bool:
        return True

    def validate(self, files: Mapping[str, Path]) -> Sequence[Problem]:
        return []


@asynccontextmanager
async def nursery(directory: Path) -> AsyncIterator[tuple[NurseryClient, dict[int, int]]]:
    ended: dict[int, int] = {}
    client = NurseryClient(Ledger(directory / "ledger.jsonl"), ended.__setitem__)
    await client.open()
    try:
        yield client, ended
    finally:
        await client.close()


def shell(directory: Path, script: str, **more: object) -> Program:
    return Program(directory, Exec(("/bin/sh", "-c", script), PATH, **more))  # type: ignore[arg-type]  # fields by name


async def ended_with(ended: dict[int, int], pid: int) -> int:
    async def is_there() -> bool:
        return pid in ended

    await until(is_there, deadline_s=5, what=f"{pid} ended")
    return ended[pid]


def test_a_child_has_its_account_its_environment_its_log_and_nothing_else(place: Path) -> None:
    async def scene() -> None:
        async with nursery(place) as (client, ended):
            pid = await client.start(shell(place, "id -u; id -G; env; ulimit -c; umask; ls -l /proc/self/fd"))
            assert await ended_with(ended, pid) == 0

    asyncio.run(scene())
    said = (place / "output.log").read_text()
    assert said.splitlines()[0] == str(service_account().uid)
    if is_root():
        assert said.splitlines()[1] == str(service_account().gid)
    assert "HOME=" not in said
    assert "socket:" not in said


def test_a_python_function_runs_in_a_copy_that_knows_nothing_of_the_nursery(place: Path) -> None:
    async def scene() -> None:
        async with nursery(place) as (client, ended):
            pid = await client.start(Program(place, Fork("os", "abort")))
            assert await ended_with(ended, pid) == -signal.SIGABRT
            pid = await client.start(Program(place, Fork("sys", "exit", {})))
            assert await ended_with(ended, pid) == 0

    asyncio.run(scene())


def test_what_cannot_be_started_says_why(place: Path) -> None:
    async def scene() -> None:
        async with nursery(place) as (client, _ended):
            with pytest.raises(UserError, match="No such file"):
                await client.start(Program(place, Exec(("/no/such/program",))))
            with pytest.raises(UserError, match="no_such_module"):
                await client.start(Program(place, Fork("no_such_module", "main")))

    asyncio.run(scene())


def test_what_a_dead_child_leaves_behind_is_ended_with_it(place: Path) -> None:
    async def scene() -> None:
        async with nursery(place) as (client, ended):
            pid = await client.start(shell(place, "setsid sleep 100 & setsid sleep 100 & wait"))
            parent = psutil.Process(pid)

            async def has_children() -> bool:
                return len(parent.children()) == 2

            await until(has_children, deadline_s=5, what="two grandchildren run")
            left = parent.children()
            await client.signal(pid, signal.SIGKILL)
            assert await ended_with(ended, pid) == -signal.SIGKILL
            assert not any(psutil.pid_exists(process.pid) for process in left)

    asyncio.run(scene())


def test_closing_ends_even_who_will_not_listen(place: Path) -> None:
    async def scene() -> int:
        async with nursery(place) as (client, _ended):
            return await client.start(shell(place, "trap '' TERM INT HUP; while :; do sleep 1; done"))

    assert not psutil.pid_exists(asyncio.run(scene()))
    assert not (place / "ledger.jsonl").exists()


def test_a_mount_is_seen_by_the_child_alone(place: Path) -> None:
    source = place / "source"
    source.mkdir()
    source.chmod(0o755)
    (source / "seen").touch()
    target = "/usr/share/drillyard-test"

    async def scene() -> int:
        async with nursery(place) as (client, ended):
            try:
                pid = await client.start(shell(place, f"ls {target}", mounts={target: str(source)}))
            except UserError as refused:
                pytest.skip(f"this machine allows no mount namespaces: {refused}")
            return await ended_with(ended, pid)

    assert asyncio.run(scene()) == 0
    assert (place / "output.log").read_text() == "seen\n"
    assert not Path(target).exists()
