"""`drill recovered`: the shop is whole again; or what came of earlier disasters."""

from typing import Annotated

import typer

from drillyard.cli.following import ready, run
from drillyard.cli.options import DrillName, Json
from drillyard.cli.recoveries import draw, draw_all, outcome
from drillyard.cli.screen import show_json
from drillyard.drill.client import Client
from drillyard.drill.places import choose
from drillyard.drill.views import RecoveriesView, RecoveryView
from drillyard.drill.wire import Recovered


def command(
    show: Annotated[
        bool, typer.Option("--list", help="Only show what came of your disasters so far.")
    ] = False,
    drill: DrillName = None,
    as_json: Json = False,
) -> None:
    """Say that the shop is whole again: what it cost is measured, and whether it is.

    Lost orders are a figure. Ends with 0 when everything else is as it was, and with 1 when something is not.
    """
    with Client(choose(drill), "recovered") as client:
        if show:
            ready(client)
            found = client.get("/recoveries", RecoveriesView)
        else:
            view = RecoveryView.model_validate(run(client, Recovered()))
    if show:
        show_json(found) if as_json else draw_all(found)
        return
    if as_json:
        show_json(view)
    else:
        draw(view)
    raise SystemExit(outcome(view))
