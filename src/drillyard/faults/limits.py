"""Limits of the kernel on running processes (prlimit(2)): how a full disk or a lack of descriptors is made.

A process that is started anew has its usual limits. They are changed by a program under the services' own
account: whoever runs the range may be root without the right to change those of others (CAP_SYS_RESOURCE).
Only on Linux.
"""

import asyncio
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from drillyard.base.errors import UserError
from drillyard.faults.scene import Scene
from drillyard.range.privileges import Account, demoted

_PROGRAM = "prlimit"
_SOFT = re.compile(r"(?m)^Max open files\s+(?P<soft>\d+|unlimited)")
_UNLIMITED = "unlimited"


async def limited(
    scene: Scene, component: str, *, file_bytes: int | None = None, descriptors: int | None = None
) -> None:
    """Let the processes of a component write no file beyond `file_bytes`, or open no more than `descriptors`.

    A write beyond it fails (EFBIG), as one on a full disk does (ENOSPC); what lies below it can be rewritten.

    Raises:
        UserError: this may not be done here.
    """
    wanted = {"fsize": file_bytes, "nofile": descriptors}
    await _set(scene, component, {name: str(soft) for name, soft in wanted.items() if soft is not None})


async def room_to_grow(scene: Scene, component: str) -> None:
    """Let its processes write files of any size.

    Raises:
        UserError: this may not be done here.
    """
    await _set(scene, component, {"fsize": _UNLIMITED})


def descriptor_limit(scene: Scene, component: str) -> int:
    """How many descriptors its process may have open.

    Raises:
        UserError: it does not run.
    """
    for pid in _pids(scene, component):
        with suppress(OSError):
            found = _SOFT.search(Path(f"/proc/{pid}/limits").read_text())
            if found and found["soft"] != _UNLIMITED:
                return int(found["soft"])
    raise UserError(f"{component} does not run, or has no limit")


def require_limits() -> None:
    """Limits of running processes can be changed.

    Raises:
        UserError: not here.
    """
    if sys.platform != "linux" or not shutil.which(_PROGRAM):
        raise UserError(
            "Limits of running processes cannot be changed here", next_step="It takes Linux, and `prlimit`."
        )


async def _set(scene: Scene, component: str, soft: Mapping[str, str]) -> None:
    options = [f"--{name}={value}:" for name, value in soft.items()]
    for pid in _pids(scene, component):
        said = await asyncio.to_thread(_prlimit, pid, options, scene.range.account)
        if said and psutil.pid_exists(pid):
            raise UserError(f"The limits of {component} cannot be changed: {said}")


def _prlimit(pid: int, options: Sequence[str], account: Account) -> str:
    """What the program complains of; nothing when it is done."""
    done = subprocess.run(
        [_PROGRAM, "--pid", str(pid), *options],
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=5,
        check=False,
        **demoted(account),
    )
    return done.stderr.strip() if done.returncode else ""


def _pids(scene: Scene, component: str) -> list[int]:
    member = scene.range.supervisor.members.get(component)
    if member is None or not member.pid:
        return []
    with suppress(psutil.Error):
        process = psutil.Process(member.pid)
        return [process.pid, *(child.pid for child in process.children(recursive=True))]
    return []
