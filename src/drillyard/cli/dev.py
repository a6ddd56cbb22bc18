"""`drill dev`: edit a scenario beside a warm range, and see each save judged."""

import select
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer

from drillyard.assess.check import combined
from drillyard.author.dev import Judged, Loop, planted
from drillyard.author.lint import lint
from drillyard.base.clock import monotonic
from drillyard.base.errors import UserError
from drillyard.cli.commands import BY_NAME
from drillyard.cli.ending import end_in_order
from drillyard.cli.screen import err, out
from drillyard.cli.verdicts import draw_task, exit_code
from drillyard.drill.verdict_views import invariants_view, task_view
from drillyard.scenario.scenario import Scenario

LOOK_EVERY_S = 0.2


def command(
    directory: Annotated[Path, typer.Argument(help="The scenario's directory.")],
    variant: Annotated[str, typer.Option(help="Which flaws: a number, `only:ID,ID` or `none`.")] = "1",
    data_scale: Annotated[float | None, typer.Option(min=0.001, max=4, help="Size of the data.")] = None,
    once: Annotated[bool, typer.Option("--once", help="Judge once and end with the verdict.")] = False,
) -> None:
    """Start the scenario, measure, and judge it anew at every save. Enter measures again, Ctrl-C ends."""
    Scenario.load(directory)
    end_in_order()
    sys.dont_write_bytecode = True  # compiled files are told apart by whole seconds, and saves are not
    with tempfile.TemporaryDirectory(prefix="drillyard-dev-") as scratch:
        Path(scratch).chmod(0o755)
        loop = Loop(directory.resolve(), Path(scratch), variant, data_scale)
        err.print("Starting a range for it ...")
        try:
            loop.start()
            err.print("Measuring ...")
            loop.measure()
            judged = loop.judge()
            _draw(judged)
            if once:
                outcome = combined(task.status for task in judged.tasks)
                raise SystemExit(exit_code(outcome.value))
            err.print("Save a file to judge it anew; Enter measures again; Ctrl-C ends.")
            _watch(loop)
        finally:
            loop.end()


def _watch(loop: Loop) -> None:
    while True:
        if changed := loop.changed():
            begun = monotonic()
            err.print(f"\n{', '.join(map(str, changed))}:", markup=False)
            if planted(changed):
                err.print("What is planted shows after a new start: end this with Ctrl-C, and begin again.")
            _say(loop)
            err.print(f"({monotonic() - begun:.1f} s)")
        elif _entered():
            err.print("Measuring ...")
            loop.measure()
            _say(loop)
        time.sleep(LOOK_EVERY_S)


def _say(loop: Loop) -> None:
    """Lint and verdicts; a file that does not load is said, and the loop goes on."""
    try:
        for finding in lint(loop.directory, frozenset(BY_NAME)):
            if not finding.note:
                out.print(f"wrong  {finding.problem}", markup=False, soft_wrap=True)
        _draw(loop.judge())
    except UserError as error:
        out.print(str(error), markup=False, soft_wrap=True)


def _draw(judged: Judged) -> None:
    for task in judged.tasks:
        draw_task(task_view(task))
    draw_task(invariants_view(judged.invariants))


def _entered() -> bool:
    """Whether Enter was pressed."""
    if not sys.stdin.isatty():
        return False
    ready, _, _ = select.select([sys.stdin], [], [], 0)
    return bool(ready) and bool(sys.stdin.readline())
