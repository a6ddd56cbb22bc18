"""`shopctl` and the daemon's end of it, without a range."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path

import pytest

from drillyard.range.ops.control import Control
from drillyard.range.privileges import Account

pytestmark = pytest.mark.anyio
SCRIPT = str(files("drillyard.range.ops").joinpath("shopctl.sh"))
US = Account(os.geteuid(), os.getegid(), "us", Path("/"))


@asynccontextmanager
async def hearing(directory: Path) -> AsyncIterator[list[list[str]]]:
    heard: list[list[str]] = []

    async def handle(words: Sequence[str]) -> tuple[int, str]:
        heard.append(list(words))
        return (0, f"did {words[0]}\n\nand more") if words[0] != "stop" else (2, f"no {words[1]}")

    control = Control(directory, US, handle)
    await control.open()
    try:
        yield heard
    finally:
        await control.close()


async def shopctl(directory: Path | None, *words: str, cwd: Path = Path("/")) -> tuple[int, str, str]:
    environment = {"PATH": os.defpath} | ({"SHOPCTL_AT": str(directory)} if directory else {})
    process = await asyncio.create_subprocess_exec(
        "sh",
        SCRIPT,
        *words,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=cwd,
        env=environment,
    )
    said, complained = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode or 0, said.decode(), complained.decode()


async def test_what_is_asked_is_answered_with_its_exit_code(tmp_path: Path) -> None:
    async with hearing(tmp_path / "c") as heard:
        assert await shopctl(tmp_path / "c", "status") == (0, "did status\n\nand more\n", "")
        assert await shopctl(tmp_path / "c", "stop", "a b") == (2, "", "no a b\n")
    assert heard == [["status"], ["stop", "a b"]]
    assert list((tmp_path / "c" / "answers").iterdir()) == []


async def test_many_at_once_get_their_own_answers(tmp_path: Path) -> None:
    async with hearing(tmp_path / "c") as heard:
        answers = await asyncio.gather(
            *(shopctl(tmp_path / "c", "stop", f"worker-{number}") for number in range(8))
        )
    assert [complained for _, _, complained in answers] == [f"no worker-{n}\n" for n in range(8)]
    assert len(heard) == 8


async def test_a_directory_is_told_from_wherever_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    async with hearing(tmp_path / "c") as heard:
        assert (await shopctl(tmp_path / "c", "apply", "config", cwd=tmp_path))[0] == 0
        assert await shopctl(tmp_path / "c", "apply", "missing", cwd=tmp_path) == (
            66,
            "",
            "shopctl: missing is no directory; name one that is laid out like the workspace\n",
        )
    assert heard == [["apply", str(tmp_path / "config")]]


@pytest.mark.parametrize("words", [(), ("start",), ("status", "x"), ("explode", "all")])
async def test_what_it_does_not_know_is_not_even_asked(tmp_path: Path, words: tuple[str, ...]) -> None:
    async with hearing(tmp_path / "c") as heard:
        code, _, _ = await shopctl(tmp_path / "c", *words)
    assert code == 64
    assert heard == []


async def test_elsewhere_it_says_where_it_belongs() -> None:
    code, _, complained = await shopctl(None, "status")
    assert code == 64
    assert "drill shell" in complained


async def test_a_daemon_that_is_gone_is_told_of(tmp_path: Path) -> None:
    async with hearing(tmp_path / "c"):
        pass
    code, _, complained = await shopctl(tmp_path / "c", "status")
    assert code == 75
    assert "does not answer" in complained


async def test_nothing_but_a_pipe_is_written_to(tmp_path: Path) -> None:
    directory = tmp_path / "c"
    async with hearing(directory) as heard:
        secret = tmp_path / "secret"
        secret.write_text("kept")
        (directory / "answers" / "1").symlink_to(secret)
        (directory / "answers" / "2").write_text("kept")
        for number in ("1", "2", "../../secret"):
            with (directory / "requests").open("w") as requests:
                requests.write(f"{number}\tstatus\n")
        await shopctl(directory, "status")
        assert len(heard) >= 3
    assert secret.read_text() == "kept"
    assert (directory / "answers" / "2").read_text() == "kept"
