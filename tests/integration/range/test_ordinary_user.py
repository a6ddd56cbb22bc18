"""The same without root: everything runs as the user. As root, this test becomes an ordinary user first."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from drillyard.base.paths import cache, is_root
from drillyard.range.privileges import own, service_account

HERE = Path(__file__).parent
SCENE = """
import asyncio, sys
from pathlib import Path
from range_stand import standing, processes_of
from drillyard.range.member import State

async def scene(place):
    for name in ("postgres", "valkey", "haproxy", "alertmanager", "storefront-1"):
        async with standing(place / name, name) as stand:
            first = stand.member.pid
            await stand.supervisor.kill(name)
            await stand.ready_again(first)
            await stand.supervisor.reload(name)
            assert stand.member.state is State.READY
            good = {p.name: p for p in stand.component.site.config.iterdir() if p.is_file()}
            assert stand.component.validate(good) == []
    assert processes_of(place) == []

asyncio.run(scene(Path(sys.argv[1])))
print("done")
"""


def interpreter() -> str:
    """This one, if an ordinary user can execute it: root's own home directory is closed to others."""
    if not is_root():
        return sys.executable
    for candidate in (
        os.path.realpath(sys.executable),
        shutil.which("python3", path="/usr/bin:/usr/local/bin"),
    ):
        if candidate and _runs_as_user(candidate):
            return candidate
    pytest.skip("no interpreter of this version can be executed by an ordinary user")


def _as_user() -> dict[str, object]:
    account = service_account()
    return {"user": account.uid, "group": account.gid, "extra_groups": ()} if is_root() else {}


def _runs_as_user(candidate: str) -> bool:
    script = f"import sys; sys.exit(sys.version_info[:2] != {tuple(sys.version_info[:2])})"
    try:
        done = subprocess.run(
            [candidate, "-c", script], cwd="/", check=False, capture_output=True, **_as_user()
        )  # type: ignore[call-overload]  # options by name
    except OSError:
        return False
    return bool(done.returncode == 0)


def test_components_start_die_reload_and_stop_as_an_ordinary_user(place: Path) -> None:
    python = interpreter()
    own(place, service_account())
    for name in ("postgres", "valkey", "haproxy", "alertmanager", "storefront-1", "home"):
        (place / name).mkdir()
        own(place / name, service_account())
    # valkey-py needs it below Python 3.11.3, and what this environment installed is for its own interpreter.
    (place / "async_timeout.py").write_text("from asyncio import timeout\n")
    done = subprocess.run(
        [python, "-c", SCENE, str(place)],
        cwd="/",
        env={
            "PATH": os.defpath,
            "HOME": str(place / "home"),
            "DRILLYARD_HOME": str(place / "home"),
            "DRILLYARD_CACHE": str(cache()),
            "PYTHONPATH": os.pathsep.join([str(HERE), str(place), *(path for path in sys.path if path)]),
        },
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        **_as_user(),  # type: ignore[call-overload]  # options by name
    )
    assert done.stdout == "done\n", done.stderr
