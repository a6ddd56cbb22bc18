"""`drill apply`: put what changed in the workspace to use."""

from pydantic import JsonValue

from drillyard.cli.following import run
from drillyard.cli.options import DrillName, Json
from drillyard.cli.screen import out, show_json
from drillyard.drill.client import Client
from drillyard.drill.places import choose
from drillyard.drill.views import AppliedView
from drillyard.drill.wire import Apply


def command(drill: DrillName = None, as_json: Json = False) -> None:
    """Validate what you changed in the workspace and put it to use.

    A bad file is refused with file, line and reason, and what ran before keeps running.
    """
    with Client(choose(drill), "apply") as client:
        result = run(client, Apply())
    show(result, as_json=as_json)


def show(result: JsonValue, *, as_json: bool) -> None:
    """What was put to use."""
    if as_json:
        show_json(result)
        return
    applied = AppliedView.model_validate(result)
    if applied.files:
        out.print("Applied: " + ", ".join(applied.files))
    elif applied.actions:
        out.print("No file has changed since the last apply. Put right with it:")
    else:
        out.print("Nothing has changed since the last apply.")
    for action in applied.actions:
        out.print(f"  {action}")
    for notice in applied.notices:
        out.print(f"[yellow]{notice}[/]")
