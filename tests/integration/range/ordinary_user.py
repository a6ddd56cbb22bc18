"""A script run as an ordinary user: who runs the tests, or, as root, the services' account."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from drillyard.base.paths import cache, is_root
from drillyard.range.privileges import own, service_account


def run_as_ordinary_user(script: str, place: Path, *modules: Path) -> "subprocess.CompletedProcess[str]":
    """Give `place` to that user and run a script there, which gets it as its argument.

    `modules` are directories that it may import from, beside what can be imported here.
    """
    python = interpreter()
    for path in (place, place / "home"):
        path.mkdir(exist_ok=True)
        own(path, service_account())
    # valkey-py needs it below Python 3.11.3, and what this environment installed is for its own interpreter.
    (place / "async_timeout.py").write_text("from asyncio import timeout\n")
    return subprocess.run(
        [python, "-c", script, str(place)],
        cwd="/",
        env={
            "PATH": os.defpath,
            "HOME": str(place / "home"),
            "DRILLYARD_HOME": str(place / "home"),
            "DRILLYARD_CACHE": str(cache()),
            "PYTHONPATH": os.pathsep.join(
                [*map(str, modules), str(place), *(path for path in sys.path if path)]
            ),
        },
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        **_as_user(),  # type: ignore[call-overload]  # options by name
    )


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
