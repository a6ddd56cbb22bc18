"""`drill resume`."""

from drillyard.cli.following import run
from drillyard.cli.options import DrillName, Json
from drillyard.cli.screen import out, show_json
from drillyard.drill.client import Client
from drillyard.drill.places import choose
from drillyard.drill.wire import Start


def command(drill: DrillName = None, as_json: Json = False) -> None:
    """Go on after a pause."""
    with Client(choose(drill), "resume") as client:
        result = run(client, Start())
    show_json(result) if as_json else out.print("The shop serves again.")
