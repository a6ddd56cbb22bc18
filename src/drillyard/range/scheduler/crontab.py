"""Reading a crontab: crontab(5) of Debian's cron, for one user.

Five fields or a nickname (`@hourly`), then the command; `NAME = value` sets a variable for the lines below.
In a command `\\%` is a percent sign, and what follows a bare `%` is the command's standard input.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cronsim import CronSim, CronSimError

FILE = "crontab"
FIELDS = 5
NICKNAMES: Mapping[str, str] = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
REBOOT = "@reboot"
_VARIABLE = re.compile(r"""^\s*(?P<name>[A-Za-z_]\w*)\s*=\s*(?P<value>.*?)\s*$""")


class CrontabError(ValueError):
    """A line that cannot be read; `line` counts from 1."""

    def __init__(self, line: int, message: str, expected: str = "") -> None:
        super().__init__(f"line {line}: {message}")
        self.line = line
        self.message = message
        self.expected = expected


@dataclass(frozen=True)
class Job:
    """One line: when, what, with what on its standard input, and with which variables."""

    line: int
    when: str
    command: str
    stdin: str
    variables: Mapping[str, str]

    def after(self, moment: float) -> float | None:
        """When it is due next after `moment` (seconds since the epoch, in UTC); None: only at the start."""
        if self.when == REBOOT:
            return None
        found = next(CronSim(self.when, datetime.fromtimestamp(moment, UTC)), None)
        return found.timestamp() if found else None


def read(text: str) -> tuple[Job, ...]:
    """All jobs of a crontab.

    Raises:
        CrontabError: a line is wrong.
    """
    return tuple(_jobs(text))


def _jobs(text: str) -> Iterator[Job]:
    variables: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if (found := _VARIABLE.match(line)) and not _is_schedule(line):
            variables[found["name"]] = _unquoted(found["value"])
            continue
        when, command = _split(line, number)
        command, stdin = _stdin_of(command)
        yield Job(number, when, command, stdin, dict(variables))


def _is_schedule(line: str) -> bool:
    return line.lstrip()[0] in "@*" or line.lstrip()[0].isdigit()


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value


def _split(line: str, number: int) -> tuple[str, str]:
    if line.lstrip().startswith("@"):
        word, *command = line.split(None, 1)
        return _nickname(word, number), _command(command, number)
    words = line.split(None, FIELDS)
    if len(words) < FIELDS:
        message = f"{len(words)} words only"
        raise CrontabError(number, message, "minute hour day month weekday command, or NAME = value")
    when = " ".join(words[:FIELDS])
    try:
        CronSim(when, datetime.now(UTC))
    except CronSimError as error:
        raise CrontabError(number, f"{when!r}: {error}", "five fields as in crontab(5)") from error
    return when, _command(words[FIELDS:], number)


def _nickname(word: str, number: int) -> str:
    if word == REBOOT:
        return REBOOT
    if word not in NICKNAMES:
        raise CrontabError(number, f"there is no {word}", f"one of {', '.join((REBOOT, *NICKNAMES))}")
    return NICKNAMES[word]


def _command(words: Sequence[str], number: int) -> str:
    command = " ".join(words).strip()
    if not command:
        raise CrontabError(number, "there is no command", "a command after the fields")
    return command


def _stdin_of(command: str) -> tuple[str, str]:
    """The command, and what it is given: the text after the first bare `%`; further ones are line ends."""
    before, *after = re.split(r"(?<!\\)%", command)
    lines = [part.replace("\\%", "%") for part in after]
    return before.replace("\\%", "%").strip(), "\n".join(lines) + "\n" if lines else ""
