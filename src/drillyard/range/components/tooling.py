"""Running the tool that owns a file format, and reading its complaints."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from drillyard.base.errors import NeedsOperatorError, Problem

_TIMEOUT_S = 10.0


def complaints(
    argv: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path = Path("/")
) -> tuple[bool, str]:
    """Whether the tool is content (exit 0), and all that it said.

    A tool that does not end within 10 seconds is not content.
    """
    try:
        done = subprocess.run(
            argv,
            env={"PATH": os.defpath, "LC_ALL": "C", **(env or {})},
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False, f"{Path(argv[0]).name} did not end within {_TIMEOUT_S:g} s"
    return done.returncode == 0, done.stdout


@contextmanager
def side_by_side(files: Mapping[str, Path]) -> Iterator[Path]:
    """A temporary directory that holds the candidates under the names by which they refer to each other."""
    directory = Path(mkdtemp(prefix="drillyard-check-"))
    try:
        for name, source in files.items():
            target = directory / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def line_of_quoted(message: str, text: str) -> int:
    """The line of `text` with the value that `message` quotes; 0 when there is none, or more than one."""
    for quoted in re.findall(r'"([^"]+)"', message):
        lines = [number for number, line in enumerate(text.splitlines(), start=1) if quoted in line]
        if len(lines) == 1:
            return lines[0]
    return 0


def missing(name: str) -> Problem:
    """The problem of a component without its main file."""
    return Problem(name, 0, "is missing", "this file", "Restore it: git checkout -- FILE.")


def no_configuration(name: str, file: Path) -> NeedsOperatorError:
    """The error of a component whose configuration is gone from its host."""
    return NeedsOperatorError(
        f"{name} has no configuration",
        where=str(file),
        next_step="Put one in force: drill apply, or shopctl apply DIRECTORY in drill shell",
    )
