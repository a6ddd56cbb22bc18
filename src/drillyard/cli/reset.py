"""`drill reset`: back to the start state."""

from typing import Annotated

import typer
from pydantic import JsonValue

from drillyard.cli.asking import confirm
from drillyard.cli.following import run
from drillyard.cli.options import DrillName, Json
from drillyard.cli.screen import out, show_json
from drillyard.drill.client import Client
from drillyard.drill.places import choose
from drillyard.drill.wire import Reset


def command(
    keep_notes: Annotated[bool, typer.Option("--keep-notes", help="Keep your notes.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do it without being asked.")] = False,
    drill: DrillName = None,
    as_json: Json = False,
) -> None:
    """Back to the start state: the same flaws, fresh data, a fresh workspace.

    What you changed in the workspace is moved aside, not deleted. Hints that you took stay counted.
    """
    places = choose(drill)
    if not (yes or as_json):
        confirm(f"Put {places.name} back to its start state?")
    with Client(places, "reset") as client:
        result = run(client, Reset(keep_notes=keep_notes))
    show(result, as_json=as_json)


def show(result: JsonValue, *, as_json: bool) -> None:
    """Where the former workspace is."""
    if as_json:
        show_json(result)
        return
    aside = result.get("aside") if isinstance(result, dict) else None
    out.print(
        "Back at the start." + (f" Your former workspace is in {aside}" if aside else ""), soft_wrap=True
    )
