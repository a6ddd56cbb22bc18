"""`drill stop`: the end of a drill."""

from typing import Annotated

import typer
from pydantic import JsonValue

from drillyard.cli.asking import confirm
from drillyard.cli.following import run
from drillyard.cli.options import DrillName, Json
from drillyard.cli.screen import out, show_json
from drillyard.drill.client import Client
from drillyard.drill.lifecycle import delete
from drillyard.drill.places import choose
from drillyard.drill.wire import Stop


def command(
    delete_it: Annotated[
        bool,
        typer.Option("--delete", help="Remove the drill: its data, store and results. Never the workspace."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do it without being asked.")] = False,
    drill: DrillName = None,
    as_json: Json = False,
) -> None:
    """End the drill; --delete removes it. Your workspace stays in any case."""
    places = choose(drill)
    if delete_it and not (yes or as_json):
        confirm(f"Remove the drill {places.name} with all its results?")
    with Client(places, "stop") as client:
        result = run(client, Stop())
    if delete_it:
        delete(places)
    if delete_it and not as_json:
        out.print("Removed. Your workspace is where it was.")
    else:
        show(result, as_json=as_json)


def show(result: JsonValue, *, as_json: bool) -> None:
    """That it has ended, and what is left."""
    if as_json:
        show_json(result)
    else:
        out.print(
            "Stopped. Its results stay: drill resume takes it up again, drill stop --delete removes it."
        )
