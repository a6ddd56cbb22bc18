"""Asking the running database whether it understands the learner's queries: parsed, never executed."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol

import psycopg
from psycopg.pq import DiagnosticField, ExecStatus

from drillyard.base.errors import Problem

_PLACE = re.compile(r"%\((\w+)\)s|%%")
_UNDECIDED = ("42P18", "42725", "42804")
"""Indeterminate type, ambiguous function, type mismatch: the shop sends typed values, a parse has none."""


class _Query(Protocol):
    name: str
    text: str
    file: str
    line: int


@dataclass(frozen=True)
class Prepared:
    """What came of it. `asked` is False when the database did not answer: then nothing was judged."""

    problems: tuple[Problem, ...]
    asked: bool


def prepare_queries(directory: Path, changed: Iterable[str], dsn: str) -> Prepared:
    """Have the database parse every query of the `changed` files, as the shop's role.

    `changed` are names below `directory`. The files are known to be readable as aiosql. Everything happens in
    one transaction that is rolled back.
    """
    queries = [query for name in changed if (directory / name).exists() for query in _parse(directory / name)]
    if not queries:
        return Prepared((), asked=True)
    try:
        with psycopg.connect(dsn, connect_timeout=2, application_name="apply") as connection:
            found = [problem for query in queries if (problem := _prepare(connection, query, directory))]
            connection.rollback()
    except psycopg.OperationalError:
        return Prepared((), asked=False)
    return Prepared(tuple(found), asked=True)


def refusal(dsn: str) -> str:
    """Why the database refuses these credentials, in its own words; empty when it takes them or is away."""
    try:
        psycopg.connect(dsn, connect_timeout=2, application_name="apply").close()
    except psycopg.OperationalError as error:
        said = str(error).strip().splitlines()[-1]
        return said.rpartition("FATAL:")[2].strip() if "FATAL:" in said else ""
    return ""


def _parse(file: Path) -> list[_Query]:
    queries: list[_Query] = import_module("storefront.queries").parse(file.read_text(), str(file))
    return queries


def _prepare(
    connection: psycopg.Connection[tuple[object, ...]], query: _Query, directory: Path
) -> Problem | None:
    text = _numbered(query.text)
    connection.execute("SAVEPOINT query")
    result = connection.pgconn.prepare(b"", text.encode())
    fields = (DiagnosticField.SQLSTATE, DiagnosticField.MESSAGE_PRIMARY, DiagnosticField.MESSAGE_HINT)
    state, message, hint = ((result.error_field(field) or b"").decode() for field in fields)
    position = int(result.error_field(DiagnosticField.STATEMENT_POSITION) or 0)
    bad = result.status == ExecStatus.FATAL_ERROR and state not in _UNDECIDED
    connection.execute("ROLLBACK TO SAVEPOINT query")
    if not bad:
        return None
    file = Path(query.file)
    line = _line(file.read_text(), query.line, text, position)
    name = file.relative_to(directory).as_posix()
    return Problem(name, line, f"{query.name}: {message}", next_step=hint)


def _numbered(text: str) -> str:
    """psycopg's places (`%(product)s`, `%%`) as the server knows them (`$1`, `%`)."""
    numbers: dict[str, int] = {}

    def replace(match: re.Match[str]) -> str:
        name = match[1]
        return f"${numbers.setdefault(name, len(numbers) + 1)}" if name else "%"

    return _PLACE.sub(replace, text)


def _line(source: str, start: int, sent: str, position: int) -> int:
    """The line in the file for a position (from 1, in characters) in what was sent.

    Comments were taken out on the way, so the line is found by what stands on it.
    """
    if position == 0:
        return start
    before = sent[: position - 1]
    wanted = _bare(sent.splitlines()[before.count("\n")])
    lines = source.splitlines()
    for number in range(start, len(lines)):
        content = _bare(lines[number])
        if content and (content in wanted or wanted in content):
            return number + 1
    return start


def _bare(line: str) -> str:
    """Without places and spaces, which differ between the file and what was sent."""
    return re.sub(r"\s+|(?<![:\w]):\w+|\$\d+|/\*.*?\*/|;|--.*$", "", line)


def files_of_queries(names: Iterable[str]) -> list[str]:
    """Those of the storefront's files that hold queries."""
    return sorted(name for name in names if name.startswith("sql/") and name.endswith(".sql"))
