"""Running the learner's runbook as it is written: the shell blocks of one section, in order.

They run in the operators' shell, under the service account, and stop at the first command that fails. Nobody
answers questions; what is printed is the operation's progress.
"""

import asyncio
import os
import signal
from contextlib import suppress
from itertools import zip_longest
from pathlib import Path

from markdown_it import MarkdownIt

from drillyard.base.errors import UserError
from drillyard.drill.engine import Engine
from drillyard.drill.operations import Reporter
from drillyard.range.nursery_client import ledger_of
from drillyard.range.privileges import demoted
from drillyard.range.range import Range
from drillyard.scenario.manifest import Disasters

LIMIT_S = 900.0
LANGUAGES = ("sh", "shell")
_LONGEST_LINE = 400
_LAST_WORDS_S = 1.0


def script_of(text: str, section: str, *, file: str = "runbook.md") -> str:
    """The commands of a runbook: the fenced shell blocks below the heading `section`.

    Raises:
        UserError: there is no such section, or no block in it.
    """
    inside, blocks, level = False, [], ""
    tokens = MarkdownIt("commonmark").parse(text)
    for token, following in zip_longest(tokens, tokens[1:]):
        if token.type == "heading_open" and following is not None:
            title = following.content.strip().casefold()
            if not inside and title == section.casefold():
                inside, level = True, token.tag
            elif inside and token.tag <= level:
                inside = False
        elif inside and token.type == "fence" and token.info.split()[:1] and _is_shell(token.info):
            blocks.append(token.content.rstrip())
    if not blocks:
        raise UserError(
            f"The runbook has no shell block in a section “{section}”",
            where=file,
            next_step=f"Write one: ## {section}, and below it a block that begins with ```sh",
        )
    return "set -eu\n" + "\n".join(blocks) + "\n"


def _is_shell(info: str) -> bool:
    return info.split(maxsplit=1)[0].lower() in LANGUAGES


async def read_runbook(engine: Engine, allowed: Disasters) -> str:
    """The script of the learner's runbook.

    Raises:
        UserError: it is not there, or says nothing that could be run.
    """
    path = Path(engine.record.workspace) / allowed.runbook
    try:
        text = await asyncio.to_thread(path.read_text, encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"The runbook cannot be read: {error}",
            where=str(path),
            next_step="Write it: docs/disasters.md says how one is run.",
        ) from error
    return script_of(text, allowed.section, file=str(path))


async def run_script(range_: Range, script: str, report: Reporter) -> None:
    """Run a script in a range's operators' shell; whoever interrupts it ends all that it started, and so does
    the next start of the range when the daemon died meanwhile.

    Raises:
        UserError: the range has no such shell, or the script failed or took too long.
    """
    if range_.host is None:
        raise UserError("This scenario's shop has no operators' shell", next_step="See: drill brief")
    process = await asyncio.create_subprocess_exec(
        "/bin/sh",
        "-c",
        script,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**range_.host.shell.environment(), **ledger_of(range_.directory).mark},
        start_new_session=True,
        cwd=range_.host.sites.home,
        **demoted(range_.host.sites.account),
    )
    last: list[str] = []
    reading = asyncio.create_task(_read(process, last, report))
    try:
        async with asyncio.timeout(LIMIT_S):
            code = await process.wait()
            # What it left running in the background keeps the pipe open: that is not waited for.
            await asyncio.wait([reading], timeout=_LAST_WORDS_S)
    except TimeoutError:
        _end(process)
        raise UserError(
            f"The runbook was not done within {LIMIT_S:.0f} s",
            where="\n".join(last),
            next_step="Go on by hand, then: drill recovered",
        ) from None
    except BaseException:
        _end(process)
        raise
    finally:
        reading.cancel()
    if code:
        raise UserError(
            f"The runbook failed: its last command ended with {code}",
            where="\n".join(last),
            next_step="Go on by hand, then: drill recovered",
        )


async def _read(process: asyncio.subprocess.Process, last: list[str], report: Reporter) -> None:
    rest = b""
    while process.stdout and (chunk := await process.stdout.read(1 << 14)):
        *lines, rest = (rest + chunk).split(b"\n")
        rest = rest[-_LONGEST_LINE:]
        for line in lines:
            last[:] = [*last[-9:], line.decode(errors="replace").rstrip()[:_LONGEST_LINE]]
            report(f"runbook: {last[-1]}")


def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
