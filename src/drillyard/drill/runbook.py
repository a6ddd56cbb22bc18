"""Running the learner's runbook as it is written: the shell blocks of one section, in order.

They run in the operators' shell, under the service account, and stop at the first command that fails. Nobody
answers questions; what is printed is the operation's progress.
"""

import asyncio
import os
import shutil
import signal
from contextlib import suppress
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from markdown_it import MarkdownIt

from drillyard.assess.prose import key_of
from drillyard.base.errors import UserError
from drillyard.drill.engine import Engine
from drillyard.drill.operations import Reporter
from drillyard.drill.runbook_lines import Block, Trace
from drillyard.range.privileges import demoted
from drillyard.range.range import Range
from drillyard.scenario.manifest import Disasters

LIMIT_S = 900.0
LANGUAGES = ("sh", "shell", "bash")
_LONGEST_LINE = 400
_LAST_WORDS_S = 1.0


@dataclass(frozen=True)
class Script:
    """What is run of the runbook `file`: its blocks, and the shell that they were written for. `left_out`
    says, one line each, which fenced blocks of the section are not run.
    """

    blocks: tuple[Block, ...]
    shell: str = "sh"
    left_out: tuple[str, ...] = ()
    file: str = "runbook.md"

    @property
    def name(self) -> str:
        """What its shell calls it when that complains."""
        return Path(self.file).name


def script_of(text: str, section: str, *, file: str = "runbook.md") -> Script:
    """The commands of a runbook: the fenced shell blocks below the heading `section`.

    Case, number and punctuation of that heading do not matter. One block in `bash` has all run by bash.

    Raises:
        UserError: there is no such section, or no block in it.
    """
    inside, level = False, ""
    blocks: list[Block] = []
    languages: set[str] = set()
    left_out: list[str] = []
    tokens = MarkdownIt("commonmark").parse(text)
    for token, following in zip_longest(tokens, tokens[1:]):
        if token.type == "heading_open" and following is not None:
            if not inside and key_of(following.content) == key_of(section):
                inside, level = True, token.tag
            elif inside and token.tag <= level:
                inside = False
        elif inside and token.type in ("fence", "code_block"):
            if (language := _language(token.info)) in LANGUAGES:
                languages.add(language)
                blocks.append(Block((token.map[0] if token.map else 0) + 2, token.content.rstrip()))
            else:
                what = f"```{token.info.strip()}" if token.type == "fence" else "an indented block"
                left_out.append(f"line {token.map[0] + 1 if token.map else 0}: {what}")
    if not blocks:
        beside = f"; no shell blocks are {', '.join(left_out[:5])}" if left_out else ""
        raise UserError(
            f"The runbook has no shell block in a section “{section}”{beside}",
            where=file,
            next_step=f"Write one: ## {section}, and below it a block that begins with ```sh",
        )
    shell = "bash" if "bash" in languages else "sh"
    return Script(tuple(blocks), shell, tuple(left_out), file)


def _language(info: str) -> str:
    """What a fence says of its content: `sh`, also where it is written `{.sh}` or `SH title=x`."""
    words = info.split(maxsplit=1)
    return words[0].lower().strip("{}.") if words else ""


async def read_runbook(engine: Engine, allowed: Disasters) -> Script:
    """The script of the learner's runbook.

    Raises:
        UserError: it is not there, or says nothing that could be run.
    """
    path = Path(engine.record.workspace) / allowed.runbook
    try:
        text = await asyncio.to_thread(path.read_text, encoding="utf-8")
    except FileNotFoundError:
        raise UserError(
            "There is no runbook",
            where=str(path),
            next_step="Write it: docs/disasters.md says how one is run.",
        ) from None
    except OSError as error:
        raise UserError(f"The runbook cannot be read: {error.strerror}", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise UserError("The runbook is not text in UTF-8", where=str(path)) from error
    return script_of(text, allowed.section, file=str(path))


async def run_script(range_: Range, script: Script, report: Reporter) -> None:
    """Run a script in a range's operators' shell; whoever interrupts it ends all that it started, and so does
    the next start of the range when the daemon died meanwhile.

    Raises:
        UserError: the range has no such shell, or the script failed or took too long.
    """
    if range_.host is None:
        raise UserError("This scenario's shop has no operators' shell", next_step="See: drill brief")
    environment, account = range_.host.shell.environment(), range_.host.sites.account
    if (shell := shutil.which(script.shell, path=environment.get("PATH"))) is None:
        raise UserError(
            f"The runbook is written for {script.shell}, which operators do not have", next_step="Use ```sh"
        )
    for block in script.left_out:
        report(f"runbook: not run: {block}")
    trace = Trace(range_.host.sites.root / "runbook-at", account)
    await asyncio.to_thread(trace.open)
    process = await asyncio.create_subprocess_exec(
        shell,
        "-euc",
        await asyncio.to_thread(trace.traced, script.blocks, shell),
        script.name,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=environment,
        start_new_session=True,
        cwd=range_.host.sites.home,
        **demoted(account),
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
            f"The runbook was not done within {LIMIT_S:.0f} s{_within(script, trace)}",
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
            f"The runbook failed{_within(script, trace)}: its last command ended with {code}",
            where="\n".join(last),
            next_step="Go on by hand, then: drill recovered",
        )


def _within(script: Script, trace: Trace) -> str:
    line = trace.reached()
    return f" in the block at {script.name}:{line}" if line else ""


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
