"""`drill lint`: does a scenario's directory agree with itself?"""

import sys
from typing import Annotated

import typer
from pydantic import BaseModel

from drillyard.author.lint import lint
from drillyard.base.errors import ExitCode, Problem
from drillyard.cli.commands import BY_NAME
from drillyard.cli.completing_scenarios import complete_scenarios
from drillyard.cli.options import Json
from drillyard.cli.scenarios import directory_of
from drillyard.cli.screen import counted, out, show_json


class FindingLine(BaseModel):
    """One finding; a `note` is no fault."""

    file: str
    line: int
    message: str
    next_step: str
    note: bool


def command(
    scenarios: Annotated[
        list[str],
        typer.Argument(help="Directories, or see `drill list`.", autocompletion=complete_scenarios),
    ],
    as_json: Json = False,
) -> None:
    """Look through scenarios: does everything in them agree? Nothing is started or measured."""
    sys.dont_write_bytecode = True
    found = [
        (finding.note, finding.problem)
        for each in scenarios
        for finding in lint(directory_of(each), frozenset(BY_NAME))
    ]
    faults = sum(not note for note, _ in found)
    if as_json:
        show_json([_line(note, problem).model_dump(mode="json") for note, problem in found])
    else:
        for note, problem in found:
            out.print(
                f"{'note' if note else 'wrong'}  {problem}", markup=False, highlight=False, soft_wrap=True
            )
        out.print(f"{counted(faults, 'fault')}, {counted(len(found) - faults, 'note')}.")
    raise SystemExit(ExitCode.FAILED if faults else ExitCode.OK)


def _line(note: bool, problem: Problem) -> FindingLine:
    return FindingLine(
        file=problem.file, line=problem.line, message=problem.message, next_step=problem.next_step, note=note
    )
