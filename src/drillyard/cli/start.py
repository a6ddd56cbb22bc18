"""`drill start`: from nothing to a running shop."""

import importlib
import random
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from drillyard.base.paths import scenario_roots
from drillyard.cli.completing_scenarios import complete_scenarios
from drillyard.cli.options import Json
from drillyard.cli.scenarios import directory_of
from drillyard.drill.places import Places, Record, all_drills, create, default_name, new_record, places_of
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
    """Start a drill: a running shop, its workspace and its customers."""
    scenario = _found(scenario)
    called = Path(scenario).name
    spawned = None
    if if_missing and places_of(name or called).record.is_file():
        places = places_of(name or called)
    else:
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
        _mention_others(places, scenario)
    _follow(places, spawned, as_json=as_json)


def _mention_others(places: Places, scenario: str) -> None:
    """A second drill of a scenario may be a slip of somebody who wanted to go on with the first."""
    others = [
        other.name for other in all_drills() if other != places and Record.read(other).scenario == scenario
    ]
    if others:
        print(
            f"This is a new drill, {places.name}, beside {', '.join(others)}, which you have already."
            f" To go on with that: drill resume -d {others[0]}",
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
    if directory.parent in scenario_roots():
        return scenario
    importlib.import_module("drillyard.scenario.scenario").Scenario.load(directory)
    return str(directory)
