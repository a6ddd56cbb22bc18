"""`drill watch`: follow an operation from anywhere, or interrupt it."""

from typing import Annotated

import typer

from drillyard.base.errors import UserError
from drillyard.cli.following import follow
from drillyard.cli.options import DrillName, Json
from drillyard.cli.results import show
from drillyard.cli.screen import out, show_json
from drillyard.drill.client import Client
from drillyard.drill.naming import noun
from drillyard.drill.places import choose
from drillyard.drill.views import OperationsView
from drillyard.drill.wire import OperationView


def command(
    operation: Annotated[int | None, typer.Argument(help="Its number; without one, what runs now.")] = None,
    cancel: Annotated[bool, typer.Option("--cancel", help="Interrupt it.")] = False,
    drill: DrillName = None,
    as_json: Json = False,
) -> None:
    """Follow an operation that is running, or interrupt it.

    Shows at the end what its own command would have shown, and ends with the same code.
    """
    with Client(choose(drill), "watch") as client:
        found = _find(client.get("/operations", OperationsView).operations, operation)
        if cancel:
            ended = client.cancel(found.id)
            show_json(ended) if as_json else out.print(_ended(ended))
            return
        result = follow(client, found)
    raise SystemExit(show(found.request, result, as_json=as_json))


def _ended(operation: OperationView) -> str:
    name = noun(operation.request)
    if operation.state == "cancelled":
        return f"Interrupted: the {name} was given up."
    return f"The {name} had ended already: drill watch {operation.id} shows what came of it."


def _find(operations: list[OperationView], wanted: int | None) -> OperationView:
    chosen = [o for o in operations if (o.state == "running" if wanted is None else o.id == wanted)]
    if chosen:
        return chosen[-1]
    what = "Nothing is running" if wanted is None else f"There is no operation {wanted}"
    last = (
        f"The last was operation {operations[-1].id} ({noun(operations[-1].request)}). " if operations else ""
    )
    raise UserError(what, next_step=f"{last}`drill status` says what can be done next.")
