"""One tree of errors, and the exit codes of the command line.

`UserError` and its children are things that the person at the keyboard can mend: they are shown as one
paragraph (what happened, where, what next) and never with a traceback. Any other exception is our bug.
"""

from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """What `drill` tells the shell; documented in docs/commands.md."""

    OK = 0
    FAILED = 1
    """A check, a submission or an operation ended with a negative answer."""
    USAGE = 2
    """The command line, a file or a setting is wrong."""
    INCONCLUSIVE = 3
    """It could not be measured: neither pass nor fail."""
    MISSING_PART = 4
    """A program that the range needs is not installed."""
    NO_DRILL = 5
    """There is no drill to act on, or several and none was named."""
    BUG = 70
    """A fault of Drillyard's own (EX_SOFTWARE of sysexits.h)."""
    INTERRUPTED = 130


class DrillyardError(Exception):
    """Any failure that Drillyard raises on purpose."""


class UserError(DrillyardError):
    """Something the user can mend.

    `what` says what is wrong, `where` names the file and line or the thing it was found in, `next_step`
    says what to do about it. Each is a sentence or a part of one.
    """

    exit_code = ExitCode.USAGE

    def __init__(self, what: str, *, where: str = "", next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.next_step = next_step

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        remedy = f" {self.next_step}" if self.next_step else ""
        return f"{self.what.removesuffix('.')}{place}.{remedy}"


class MissingPartError(UserError):
    """A program that a range needs (PostgreSQL, HAProxy, ...) cannot be found."""

    exit_code = ExitCode.MISSING_PART


class NeedsOperatorError(UserError):
    """Something that ran before cannot be started as it is, and trying again will not help: its data or its
    configuration are gone.
    """


class NoDrillError(UserError):
    """No drill is there to act on, or the one that was named is not."""

    exit_code = ExitCode.NO_DRILL


class InconclusiveError(UserError):
    """A measurement could not be made well enough to judge by."""

    exit_code = ExitCode.INCONCLUSIVE


class DeadlineError(DrillyardError):
    """A condition did not come true within its deadline."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a file that the user wrote.

    `line` counts from 1; 0 means the file as a whole. `expected` and `next_step` may be empty.
    """

    file: str
    line: int
    message: str
    expected: str = ""
    next_step: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        tail = "".join(
            f" {part}" for part in (self.expected and f"Expected {self.expected}.", self.next_step) if part
        )
        return f"{place}: {self.message}.{tail}"


class InvalidFilesError(UserError):
    """Files of the learner's were refused; nothing of them was put to use."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(
            "\n".join(map(str, problems)),
            next_step="Nothing was changed: what ran before keeps running.",
        )
        self.problems = problems
