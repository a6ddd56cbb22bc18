"""`drill start`: from nothing to a running shop."""

import importlib
import random
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from drillyard.base.errors import UserError
from drillyard.base.paths import scenario_roots
from drillyard.cli.completing_scenarios import complete_scenarios
from drillyard.cli.options import Json
from drillyard.cli.scenarios import directory_of
from drillyard.drill.places import Places, Record, all_drills, create, default_name, new_record, places_of
from drillyard.drill.presence import daemon_of
from drillyard.drill.spawn import spawn


def command(
    scenario: Annotated[str, typer.Argument(help="See `drill list`.", autocompletion=complete_scenarios)],
    *,
    name: Annotated[str | None, typer.Option(help="Its name; by default the scenario's.")] = None,
    variant: Annotated[
        str | None, typer.Option(help="Which flaws: the same number gives the same. By default any.")
    ] = None,
    workspace: Annotated[
        Path | None, typer.Option(help="Where your files go; by default ~/drills/NAME.")
    ] = None,
    traffic: Annotated[bool, typer.Option(help="Whether customers come from the start.")] = True,
    data_scale: Annotated[
        float | None,
        typer.Option(min=0.001, max=4, help="Size of the data; by default the scenario's own, 1."),
    ] = None,
    if_missing: Annotated[
        bool, typer.Option("--if-missing", help="Go on with that drill if it is there.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Start a drill: a running shop, its workspace and its customers.

    A second drill of a scenario has to be given a name.
    """
    scenario = _found(scenario)
    called = Path(scenario).name
    spawned = None
    if if_missing and places_of(name or called).record.is_file():
        places = places_of(name or called)
    else:
        if not (name or if_missing):
            _require_first(scenario)
        _require_variant(scenario, variant)
        places = create(
            new_record(
                name=name or default_name(called),
                scenario=scenario,
                variant=variant or str(random.SystemRandom().randint(1, 999)),
                workspace=workspace,
                traffic=traffic,
                scale=data_scale,
            )
        )
        spawned = spawn(places)
    _follow(places, spawned, as_json=as_json)
    if spawned:
        _mention_others(places)


def _require_first(scenario: str) -> None:
    """A second drill of a scenario may be a slip of somebody who wants to go on with the first.

    Raises:
        UserError: there is one.
    """
    there = [each.name for each in all_drills() if Record.read(each).scenario == scenario]
    if there:
        raise UserError(
            f"You have a drill of this scenario already: {', '.join(there)}",
            next_step=f"Go on with it: drill resume -d {there[0]}. Or give the new one a name:"
            f" drill start {scenario} --name NAME",
        )


def _require_variant(scenario: str, variant: str | None) -> None:
    """The variant exists. A number always does; the scenario is only read for what is no number.

    Raises:
        UserError: it does not.
    """
    if variant and variant != "none" and not variant.isdigit():
        importlib.import_module("drillyard.scenario.scenario").find_scenario(scenario).variant(variant)


def _mention_others(places: Places) -> None:
    """From the second drill on, every command has to be told which one is meant."""
    others = [other for other in all_drills() if other != places]
    if not others:
        return
    names = ", ".join(other.name for other in (places, *others))
    print(
        f"There are {len(others) + 1} drills now ({names}): commands need `--drill {places.name}`,"
        f" or once for this terminal: export DRILL={places.name}",
        file=sys.stderr,
    )
    if up := [other.name for other in others if daemon_of(other)]:
        print(
            f"{' and '.join(up)} {'take their' if len(up) > 1 else 'takes its'} share of this machine:"
            f" `drill pause --drill {up[0]}` keeps everything, `drill stop --drill {up[0]}` ends it.",
            file=sys.stderr,
        )


def _follow(places: Places, spawned: subprocess.Popen[bytes] | None, *, as_json: bool) -> None:
    """Watch it come up. Imported only now: the daemon starts the range meanwhile."""
    importlib.import_module("drillyard.cli.starting").follow_start(places, spawned, as_json=as_json)


def _found(scenario: str) -> str:
    """The scenario as a drill remembers it: its name, or its directory when it is not one that ships or came
    with a pack. The daemon reads it; one that somebody writes just now is read here first, to be told of.

    Raises:
        UserError: there is none, or it cannot be read.
    """
    directory = directory_of(scenario)
    if directory.parent in scenario_roots() and directory_of(directory.name) == directory:
        return directory.name
    importlib.import_module("drillyard.scenario.scenario").Scenario.load(directory)
    return str(directory)
