"""What the daemon does for `shopctl`."""

import asyncio
import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from drillyard.base.errors import ExitCode, UserError
from drillyard.range.apply import ApplyReport
from drillyard.range.member import Member, State
from drillyard.range.ops.incoming import take_in
from drillyard.range.ops.sites import Sites
from drillyard.range.supervisor import Supervisor

log = logging.getLogger(__name__)


class Operated(Protocol):
    """What `shopctl` reaches of a range."""

    @property
    def supervisor(self) -> Supervisor:
        """Runs its components."""

    async def apply(self, workspace: Path) -> ApplyReport:
        """Put a configuration in force; one at a time."""


async def answer(range_: Operated, sites: Sites, words: Sequence[str]) -> tuple[int, str]:
    """Exit code and text for a request."""
    try:
        return ExitCode.OK, await _done(range_, sites, words)
    except UserError as error:
        return error.exit_code, f"shopctl: {error}"
    except Exception as error:  # whoever asks waits for an answer
        log.exception("shopctl %s", " ".join(words))
        return ExitCode.BUG, f"shopctl: a fault of Drillyard's own, see the daemon's log: {error!r}"


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
            raise UserError(
                "That is not understood", where=" ".join(words), next_step="shopctl says what there is."
            )


def _line(member: Member) -> str:
    why = f"  {member.reason.splitlines()[0]}" if member.reason else ""
    return f"{member.name:24} {member.state}{why}"


async def _apply(range_: Operated, sites: Sites, directory: Path) -> str:
    with tempfile.TemporaryDirectory(prefix="incoming-", dir=sites.root) as place:
        incoming = Path(place) / "config"
        await asyncio.to_thread(take_in, directory, incoming, sites.account)
        report = await range_.apply(incoming)
    down = [each.name for each in range_.supervisor.members.values() if each.state is State.FAILED]
    return f"release {report.release} is in force" + (f"; not running: {', '.join(down)}" if down else "")
