"""`drill psql`: PostgreSQL's own shell on the shop's database, as the administrator of the shop's schema."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import psycopg
import typer

from drillyard.base.errors import MissingPartError, UserError
from drillyard.cli.following import ready
from drillyard.cli.options import DrillName, Json
from drillyard.cli.screen import show_json
from drillyard.drill.client import Client
from drillyard.drill.places import choose
from drillyard.drill.views import AccessView


def command(
    file: Annotated[Path | None, typer.Option("--file", "-f", help="Run the statements of a file.")] = None,
    statement: Annotated[
        list[str] | None, typer.Option("--command", "-c", help="Run this statement; may be given again.")
    ] = None,
    drill: DrillName = None,
    as_json: Json = False,
) -> None:
    """PostgreSQL's own shell on the shop's database.

    Without -c or -f it is interactive, or reads standard input when that is not a terminal.
    """
    with Client(choose(drill), "psql") as client:
        ready(client)
        access = client.get("/access", AccessView)
    statements = statement or []
    if as_json:
        if len(statements) > 1:
            raise UserError("--json shows the rows of one statement", next_step="Ask once for each -c.")
        show_json(_rows(access.dsn, statements[0] if statements else _text(file)))
    elif access.psql:
        _become_psql(access, file, statements)
    elif file or statements or not sys.stdin.isatty():
        for each in statements or [_text(file)]:
            _print_rows(_rows(access.dsn, each))
    else:
        raise MissingPartError(
            "psql is not among the parts",
            next_step="Use -c 'SELECT ...' or -f FILE, or install postgresql-client.",
        )


def _become_psql(access: AccessView, file: Path | None, statements: Sequence[str]) -> NoReturn:
    arguments = [str(access.psql), "--no-psqlrc" if statements or file else "--quiet"]
    for statement in statements:
        arguments += ["-v", "ON_ERROR_STOP=1", "-c", statement]
    if file is not None:
        arguments += ["-v", "ON_ERROR_STOP=1", "-f", str(file)]
    arguments.append(access.dsn)
    # In place of this process, so that Ctrl-C is psql's own.
    os.execve(arguments[0], arguments, {**os.environ, **access.psql_env})  # noqa: S606


def _text(file: Path | None) -> str:
    try:
        return file.read_text() if file is not None else sys.stdin.read()
    except OSError as error:
        raise UserError(f"The file cannot be read: {error.strerror}", where=str(file)) from error


def _rows(dsn: str, statement: str) -> list[dict[str, str | int | float | bool | None]]:
    try:
        with psycopg.connect(dsn, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            while cursor.nextset():
                continue
            if cursor.description is None:
                return []
            names = [column.name for column in cursor.description]
            return [dict(zip(names, map(_plain, row), strict=True)) for row in cursor.fetchall()]
    except psycopg.Error as error:
        raise UserError(str(error).strip(), where="PostgreSQL", next_step="Nothing else was run.") from error


def _plain(value: object) -> str | int | float | bool | None:
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def _print_rows(rows: list[dict[str, str | int | float | bool | None]]) -> None:
    for row in rows:
        print("\t".join("" if value is None else str(value) for value in row.values()))
