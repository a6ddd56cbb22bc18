"""`drill check`: judge one task, or all, by measuring."""

from typing import Annotated

import typer
from pydantic import JsonValue

from drillyard.base.errors import ExitCode
from drillyard.cli.completing import complete_tasks
from drillyard.cli.following import run
from drillyard.cli.options import DrillName, Json
from drillyard.cli.screen import out, show_json
from drillyard.cli.verdicts import draw_task, exit_code
from drillyard.drill.client import Client
from drillyard.drill.places import choose
from drillyard.drill.views import CheckedView
from drillyard.drill.wire import Check


def command(
    task: Annotated[
        str | None, typer.Argument(help="A task (number or id).", autocompletion=complete_tasks)
    ] = None,
    drill: DrillName = None,
    as_json: Json = False,
) -> None:
    """Judge one task, or all, by measuring. Ends with 0 (pass), 1 (fail) or 3 (inconclusive)."""
    with Client(choose(drill), "check") as client:
        result = run(client, Check(task=task or ""))
    raise SystemExit(show(result, as_json=as_json))


def show(result: JsonValue, *, as_json: bool) -> ExitCode:
    """The verdicts, task by task."""
    checked = CheckedView.model_validate(result)
    if as_json:
        show_json(checked)
    else:
        for each in checked.tasks:
            draw_task(each)
        if checked.measurement:
            name = checked.measurement
            out.print(f"[dim]Measured as {name}: drill measure --show {name}[/]")
        else:
            out.print("Nothing was measured: what is written comes first.")
    return exit_code(checked.outcome)
