"""`drill pause`."""

from pydantic import JsonValue

from drillyard.cli.following import run
from drillyard.cli.options import DrillName, Json
from drillyard.cli.screen import out, show_json
from drillyard.drill.client import Client
from drillyard.drill.places import choose
from drillyard.drill.wire import Pause


def command(drill: DrillName = None, as_json: Json = False) -> None:
    """Stop the range and keep everything, over a reboot too."""
    with Client(choose(drill), "pause") as client:
        result = run(client, Pause())
    show(result, as_json=as_json)


def show(result: JsonValue, *, as_json: bool) -> None:
    """That it is paused."""
    show_json(result) if as_json else out.print("Paused. Everything is kept; go on with: drill resume")
