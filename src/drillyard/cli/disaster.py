"""`drill disaster`: let something happen to the shop."""

from typing import Annotated

import typer

from drillyard.base.errors import UserError
from drillyard.cli.following import run
from drillyard.cli.options import DrillName, Json
from drillyard.cli.recoveries import draw, outcome
from drillyard.cli.screen import out, show_json
from drillyard.drill.client import Client
from drillyard.drill.places import choose
from drillyard.drill.views import RecoveryView, StruckView
from drillyard.drill.wire import Disaster
from drillyard.faults.disasters import disasters


def complete_kinds(incomplete: str) -> list[str]:
    """Kinds that begin so."""
    return [kind for kind in disasters() if kind.startswith(incomplete)]


def command(
    kind: Annotated[
        str | None, typer.Argument(help="What; without it, something.", autocompletion=complete_kinds)
    ] = None,
    graded: Annotated[
        bool, typer.Option("--graded", help="The real thing: drawn, unannounced, and it counts.")
    ] = False,
    runbook: Annotated[
        bool, typer.Option("--runbook", help="Your runbook alone recovers; you only watch.")
    ] = False,
    drill: DrillName = None,
    as_json: Json = False,
) -> None:
    """Let something happen to the shop. You are told what when it is over."""
    if graded and kind:
        raise UserError("What is graded is not chosen", next_step="Leave the kind out, or --graded.")
    with Client(choose(drill), "disaster") as client:
        result = run(client, Disaster(disaster=kind or "", graded=graded, runbook=runbook))
    if as_json:
        show_json(result)
    elif runbook:
        draw(RecoveryView.model_validate(result))
    else:
        struck = StruckView.model_validate(result)
        out.print(f"[bold]Disaster {struck.number}[/] has struck. The clock of your customers runs.")
        out.print("See what they see: [bold]drill status[/]. Whole again: [bold]drill recovered[/]")
    if runbook:
        raise SystemExit(outcome(RecoveryView.model_validate(result)))
