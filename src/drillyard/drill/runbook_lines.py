"""Commands of a runbook in the lines in which they stand, and the block that a run of them has reached.

What a shell says of a line is then true of the runbook. Before each block the script writes that block's line
into a file, which is read when a command fails: neither traps nor redirections of the runbook change that. It
does so in the line of the fence, and only where the commands above are whole: one may go on over two blocks.
"""

import os
import shlex
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from drillyard.range.privileges import Account, demoted, write_file

_PARSED_WITHIN_S = 5.0
_ENOUGH_BYTES = 64


@dataclass(frozen=True)
class Block:
    """Commands; the first stands in line `line` of the runbook, the fence above it."""

    line: int
    text: str


def laid_out(blocks: Iterable[Block]) -> str:
    """Text with every block at its own line; they are in order."""
    lines: list[str] = []
    for block in blocks:
        lines += [""] * (block.line - 1 - len(lines)) + block.text.split("\n")
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Trace:
    """Of one run under `account`; `file` is in a directory of ours."""

    file: Path
    account: Account

    def open(self) -> None:
        """Begin a new one; blocking.

        Raises:
            UserError: it cannot be written.
        """
        write_file(self.file, "", self.account, mode=0o600)

    def traced(self, blocks: Sequence[Block], shell: str) -> str:
        """The script for `shell`; blocking."""
        return laid_out(self._pieces(blocks, shell))

    def _pieces(self, blocks: Sequence[Block], shell: str) -> Iterator[Block]:
        for block in self._wholes(blocks, shell):
            note = f"command echo {block.line} >> {shlex.quote(str(self.file))}"
            yield Block(block.line - 1, f"{{ {note}; }} 2>/dev/null || :")
            yield block

    def _wholes(self, blocks: Sequence[Block], shell: str) -> list[Block]:
        """The same, with those as one between which a command goes on."""
        found: list[Block] = []
        for block in blocks:
            if found and not _whole(shell, laid_out(found), self.account):
                found[-1] = Block(found[-1].line, f"{found[-1].text}\n{block.text}")
            else:
                found.append(block)
        return found

    def reached(self) -> int:
        """The line of the block that was begun last; 0 when that is not known."""
        try:
            descriptor = os.open(self.file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            with os.fdopen(descriptor, "rb") as file:
                file.seek(max(0, os.fstat(descriptor).st_size - _ENOUGH_BYTES))
                return int(file.read(_ENOUGH_BYTES).split()[-1])
        except (OSError, ValueError, IndexError):
            return 0


def _whole(shell: str, text: str, account: Account) -> bool:
    """Whether commands end where the text does. They do not in the middle of a loop, which the shell refuses
    to read, nor of a here-document, which would swallow what must not stand there.
    """
    if text.rstrip("\n").endswith("\\"):
        return False
    if not _reads(shell, text, account):
        return False
    return "<<" not in text or not _reads(shell, f"{text})\n", account)


def _reads(shell: str, text: str, account: Account) -> bool:
    """Whether a shell finds nothing wrong in a script, of which it runs nothing (`-n`)."""
    try:
        done = subprocess.run(
            [shell, "-nc", text],
            env={"PATH": os.defpath, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_PARSED_WITHIN_S,
            check=False,
            cwd="/",
            **demoted(account),
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
