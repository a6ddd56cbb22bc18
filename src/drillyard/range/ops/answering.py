"""What the daemon does for `shopctl`."""

import asyncio
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from drillyard.base.errors import ExitCode, UserError
from drillyard.range.apply import ApplyReport
from drillyard.range.member import Member, State
from drillyard.range.ops.sites import Sites
from drillyard.range.privileges import Account, make_directory
from drillyard.range.supervisor import Supervisor

_COPY_LIMIT_S = 10.0
_ENVIRONMENT: Mapping[str, str] = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"}


class Operated(Protocol):
    """What `shopctl` reaches of a range."""

    @property
    def supervisor(self) -> Supervisor:
        """Runs its components."""

    async def apply(self, workspace: Path) -> ApplyReport:
        """Put a configuration in force."""

    async def reinstall(self) -> None:
        """Put its files where they are missing."""


async def answer(range_: Operated, sites: Sites, words: Sequence[str]) -> tuple[int, str]:
    """Exit code and text for a request."""
    try:
        return ExitCode.OK, await _done(range_, sites, words)
    except UserError as error:
        return error.exit_code, f"shopctl: {error}"


async def _done(range_: Operated, sites: Sites, words: Sequence[str]) -> str:
    supervisor = range_.supervisor
    match words:
        case ["status"]:
            return "\n".join(map(_line, supervisor.members.values()))
        case ["start", name] if supervisor.member(name).state is State.READY:
            return f"{name} is ready already"
        case ["start" | "restart", name]:
            await supervisor.restart(name)
            return f"{name} is ready"
        case ["stop", name]:
            await supervisor.shut(name)
            return f"{name} is stopped"
        case ["apply", directory]:
            return await _apply(range_, sites, Path(directory))
        case _:
            raise UserError("That is not understood", where=" ".join(words))


def _line(member: Member) -> str:
    why = f"  {member.reason.splitlines()[0]}" if member.reason else ""
    return f"{member.name:24} {member.state}{why}"


async def _apply(range_: Operated, sites: Sites, directory: Path) -> str:
    """From a copy that the service account itself made: what it cannot read is not put in force."""
    incoming = sites.root / "incoming"
    try:
        await asyncio.to_thread(_copy, directory, incoming, sites.account)
        report = await range_.apply(incoming)
    finally:
        await asyncio.to_thread(shutil.rmtree, incoming, ignore_errors=True)
    await range_.reinstall()
    down = [each.name for each in range_.supervisor.members.values() if each.state is State.FAILED]
    return f"release {report.release} is in force" + (f"; not running: {', '.join(down)}" if down else "")


def _copy(directory: Path, incoming: Path, account: Account) -> None:
    shutil.rmtree(incoming, ignore_errors=True)
    make_directory(incoming, account, mode=0o700)
    done = subprocess.run(
        ["cp", "-R", "-P", f"{directory}/.", str(incoming)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_COPY_LIMIT_S,
        check=False,
        cwd="/",
        env=_ENVIRONMENT,
        user=None if account.is_current else account.uid,
        group=None if account.is_current else account.gid,
        extra_groups=None if account.is_current else (),
    )
    if done.returncode:
        said = done.stderr.strip()[-300:]
        raise UserError(f"The configuration cannot be read: {said}", where=str(directory))
