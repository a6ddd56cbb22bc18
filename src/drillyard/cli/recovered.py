"""`drill recovered`: the shop is whole again; or what came of earlier disasters."""

from typing import Annotated

import typer
from pydantic import JsonValue

from drillyard.base.errors import ExitCode
from drillyard.cli.following import ready, run
from drillyard.cli.options import DrillName, Json
from drillyard.cli.recoveries import draw, draw_all, outcome
from drillyard.cli.screen import show_json
from drillyard.drill.client import Client
from drillyard.drill.places import choose
from drillyard.drill.recovery_views import RecoveriesView, RecoveryView
from drillyard.drill.wire import Recovered


def command(
    only_list: Annotated[
        bool, typer.Option("--list", help="Only show what came of your disasters so far.")
    ] = False,
    drill: DrillName = None,
    as_json: Json = False,
) -> None:
    """Say that the shop is whole again: what it cost is measured, and whether it is.

    Lost orders are a figure. Ends with 0 when everything else is as it was, and with 1 when something is not.
    """
    with Client(choose(drill), "recovered") as client:
        if only_list:
            ready(client)
            found = client.get("/recoveries", RecoveriesView)
        else:
            result = run(client, Recovered())
    if only_list:
        show_json(found) if as_json else draw_all(found)
        return
    raise SystemExit(show(result, as_json=as_json))


def show(result: JsonValue, *, as_json: bool) -> ExitCode:
    """What it cost, and whether everything is as it was."""
    view = RecoveryView.model_validate(result)
    if as_json:
        show_json(view)
    else:
        draw(view)
    return outcome(view)
