"""`range.toml`: how many processes of each kind."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from drillyard.base.errors import InvalidFilesError, Problem
from drillyard.range.addresses import WORKER_TYPES
from drillyard.range.spec import RangeSpec

FILE = "range.toml"
MAX_REPLICAS = 8
MAX_PROCESSES = 4
"""Per worker type. Both limits are about what one small machine carries."""

_TOML_LINE = re.compile(r"^(?P<message>.*) \(at line (?P<line>\d+), column \d+\)$", re.DOTALL)


@dataclass(frozen=True)
class _Count:
    section: str
    key: str
    least: int
    most: int

    @property
    def expected(self) -> str:
        return f"a whole number from {self.least} to {self.most}"


_COUNTS = (
    _Count("storefront", "replicas", 1, MAX_REPLICAS),
    *(_Count("workers", worker_type, 0, MAX_PROCESSES) for worker_type in WORKER_TYPES),
)


def read_spec(workspace: Path) -> RangeSpec:
    """The allocation that the workspace's `range.toml` states.

    Raises:
        InvalidFilesError: it cannot be read or states something impossible.
    """
    file = workspace / FILE
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InvalidFilesError([Problem(FILE, 0, f"cannot be read: {reason}")]) from error
    return parse_spec(text)


def parse_spec(text: str) -> RangeSpec:
    """The allocation that the text of a `range.toml` states; what is not stated has its default.

    Raises:
        InvalidFilesError: the text is not TOML, or a name is unknown, or a number out of range.
    """
    try:
        stated = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        match = _TOML_LINE.match(str(error))
        line, reason = (
            (int(match["line"]), match["message"]) if match else (len(text.splitlines()), str(error))
        )
        problem = Problem(FILE, line, f"not readable as TOML: {reason}", "key = value")
        raise InvalidFilesError([problem]) from error
    problems = [*_unknown(stated, text), *_impossible(stated, text)]
    if problems:
        raise InvalidFilesError(sorted(problems, key=lambda problem: problem.line))
    default = RangeSpec()
    return RangeSpec(
        storefront_replicas=stated.get("storefront", {}).get("replicas", default.storefront_replicas),
        worker_processes={
            worker_type: stated.get("workers", {}).get(worker_type, count)
            for worker_type, count in default.worker_processes.items()
        },
    )


def _unknown(stated: Mapping[str, object], text: str) -> list[Problem]:
    problems = []
    sections = {count.section: [c.key for c in _COUNTS if c.section == count.section] for count in _COUNTS}
    for section, table in stated.items():
        if section not in sections:
            expected = _nearest(section, list(sections))
            problems.append(
                Problem(FILE, _line(text, "", section), f"nothing is called {section!r}", expected)
            )
        elif not isinstance(table, dict):
            problems.append(
                Problem(FILE, _line(text, "", section), f"{section} is not a table", f"[{section}]")
            )
        else:
            problems += [
                Problem(
                    FILE,
                    _line(text, section, key),
                    f"[{section}] has no {key!r}",
                    _nearest(key, sections[section]),
                )
                for key in table
                if key not in sections[section]
            ]
    return problems


def _impossible(stated: Mapping[str, object], text: str) -> list[Problem]:
    problems = []
    for count in _COUNTS:
        table = stated.get(count.section)
        value = table.get(count.key, count.least) if isinstance(table, dict) else count.least
        if not isinstance(value, int) or isinstance(value, bool) or not count.least <= value <= count.most:
            line = _line(text, count.section, count.key)
            problems.append(Problem(FILE, line, f"{count.section}.{count.key} is {value!r}", count.expected))
    return problems


def _nearest(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"{near[0]!r}, perhaps" if near else "one of " + ", ".join(known)


def _line(text: str, section: str, key: str) -> int:
    """The line that sets `key` in `[section]`, or opens the table `key` without a section; 0: not found."""
    current = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[\s*([^\]]+?)\s*\]", line):
            current = header[1].strip("\"'")
            if not section and current.split(".")[0] == key:
                return number
        elif re.match(rf"\s*[\"']?(?:{re.escape(section)}\s*\.\s*)?{re.escape(key)}[\"']?\s*[=.]", line) and (
            current == section or not current
        ):
            return number
    return 0
