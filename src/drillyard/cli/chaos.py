"""`drill chaos`: experiments of Chaos Toolkit on a drill, with what was read of the shop meanwhile."""

import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from drillyard.base.errors import ExitCode, UserError
from drillyard.chaos.feed import DrillWatcher
from drillyard.chaos.journals import Files, as_json, files_for, write
from drillyard.chaos.loading import Experiment, line_of, load
from drillyard.chaos.outcome import Outcome, outcome_of
from drillyard.chaos.page import page
from drillyard.chaos.review import BAD_PARAMETERS, review
from drillyard.chaos.running import Ran, Settings, act_on, alone, drill_of, run, settings_here
from drillyard.chaos.seen import looked_at
from drillyard.chaos.toolkit_log import set_up_log
from drillyard.cli.chaos_drawn import draw, following
from drillyard.cli.ending import end_in_order
from drillyard.cli.following import ready
from drillyard.cli.options import DrillName, Json
from drillyard.cli.screen import counted, err, out, show_json
from drillyard.drill.client import Client
from drillyard.drill.fault_views import FaultsView
from drillyard.drill.places import choose
from drillyard.drill.views import AccessView

CODES = {
    Outcome.HELD: ExitCode.OK,
    Outcome.DONE: ExitCode.OK,
    Outcome.DEVIATED: ExitCode.FAILED,
    Outcome.NOT_ASKED: ExitCode.INCONCLUSIVE,
    Outcome.NOT_STEADY: ExitCode.INCONCLUSIVE,
    Outcome.NOT_TRIED: ExitCode.INCONCLUSIVE,
    Outcome.INTERRUPTED: ExitCode.INTERRUPTED,
}


class Action(StrEnum):
    """What to do."""

    RUN = "run"
    VALIDATE = "validate"


def command(
    action: Annotated[Action, typer.Argument(help="run or validate.")],
    experiment: Annotated[Path, typer.Argument(help="The experiment, a file of Chaos Toolkit.")],
    *,
    journal: Annotated[
        Path | None,
        typer.Option(help="Where the journal goes; else journals/NAME-NUMBER.json beside the experiment."),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show the toolkit's own log too.")] = False,
    drill: DrillName = None,
    as_json: Json = False,
) -> None:
    """Run an experiment of Chaos Toolkit on the drill, or say whether it is valid, and what is odd in it."""
    set_up_log(verbose=verbose)
    settings = settings_here()
    found = load(experiment)
    if action is Action.VALIDATE:
        _validate(experiment, found, as_json=as_json)
        return
    if remarks := len(review(found)):
        said = f"{counted(remarks, 'remark')} on it: drill chaos validate {experiment}"
        err.print(said, markup=False, soft_wrap=True)
    files = files_for(experiment, journal)
    ran = _run(found, settings, drill, verbose=verbose, keep=lambda ran: _keep(ran, files))
    _say_ended(ran)
    if as_json:
        sys.stdout.write(f"{_journal(ran)}\n")
    else:
        draw(ran)
        out.print(
            f"Kept as {escape(str(files.journal))}, to be looked at: {escape(str(files.page))}",
            soft_wrap=True,
        )
    raise SystemExit(CODES[outcome_of(ran.journal)])


def _run(
    experiment: Experiment,
    settings: Settings,
    drill: str | None,
    *,
    verbose: bool,
    keep: Callable[[Ran], None],
) -> Ran:
    """The run; it is kept before anything more is said, since the terminal may be gone."""
    end_in_order()
    named = drill_of(experiment)
    places = choose(named or drill)
    if named is None:
        act_on(experiment, places.name)
    elif drill and drill != named:
        err.print(f"The experiment names the drill {named}, and acts on that one.", markup=False)
    with alone(places), Client(places, "chaos run") as client:
        ready(client)
        client.get("/access", AccessView)  # says what is wrong when nothing runs
        _require_quiet(client)
        watcher = DrillWatcher(client, looked_at(experiment))
        with following(str(experiment["title"]), drawn=err.is_terminal and not verbose) as (steps, on_look):
            ran = run(experiment, watcher, steps, settings=settings, on_look=on_look)
            keep(ran)
    return ran


def _require_quiet(client: Client) -> None:
    """What comes of a run in which something else is broken would be of both."""
    for fault in client.get("/faults", FaultsView).on:
        raise UserError(
            f"Fault {fault.number} ({fault.fault}) is on already: what comes of the run would be of both",
            next_step=f"Wait until it is over, or end it: drill fault end {fault.number}",
        )


def _say_ended(ran: Ran) -> None:
    for fault in ran.ended:
        err.print(f"Ended with the run: fault {fault.number} ({fault.fault}).")
    if ran.left:
        err.print(f"A fault could not be ended, and ends by its time: {ran.left}", markup=False)


def _keep(ran: Ran, files: Files) -> None:
    write(files.journal, _journal(ran))
    write(files.readings, ran.seen.as_json())
    write(files.page, page(ran.journal, ran.seen))


def _journal(ran: Ran) -> str:
    return as_json(ran.journal)


def _validate(file: Path, experiment: Experiment, *, as_json: bool) -> None:
    found = review(experiment)
    refused = sum(each.kind == BAD_PARAMETERS for each in found)
    remarks = [
        {"kind": each.kind, "where": each.where, "line": line_of(file, each.where), "text": each.text}
        for each in found
    ]
    if as_json:
        show_json({"valid": not refused, "remarks": remarks})
        raise SystemExit(ExitCode.USAGE if refused else ExitCode.OK)
    for each in remarks:
        out.print(f"{file}:{each['line']}: {each['where']}: {each['text']}", markup=False, soft_wrap=True)
    said = "The experiment is valid" if not refused else "The experiment would not run as it says"
    out.print(f"{said}; {counted(len(remarks), 'remark')}.")
    raise SystemExit(ExitCode.USAGE if refused else ExitCode.OK)
