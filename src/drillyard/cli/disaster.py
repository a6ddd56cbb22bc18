"""`drill disaster`: let something happen to the shop."""

from typing import Annotated

import typer
from pydantic import JsonValue

from drillyard.base.errors import ExitCode, UserError
from drillyard.cli.following import run
from drillyard.cli.options import DrillName, Json
from drillyard.cli.recoveries import draw, outcome
from drillyard.cli.screen import err, out, show_json
from drillyard.drill.client import Client
from drillyard.drill.places import choose
from drillyard.drill.recovery_views import RecoveryView, StruckView
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
        _announce(kind, graded=graded, runbook=runbook)
        result = run(client, Disaster(disaster=kind or "", graded=graded, runbook=runbook))
    raise SystemExit(show(result, as_json=as_json))


def _announce(kind: str | None, *, graded: bool, runbook: bool) -> None:
    """What is not to be known is when, and what."""
    if graded:
        err.print(
            "Ordinary business comes first, for about a minute; then, within about another, the disaster,"
            " unannounced."
        )
    elif kind is None:
        err.print("The disaster comes unannounced, in some seconds.")
    if runbook:
        err.print(
            "When it has struck, your runbook runs alone: leave the shop to it until you see the result."
        )


def show(result: JsonValue, *, as_json: bool) -> ExitCode:
    """That something has struck; or what a runbook has made of it."""
    recovery = RecoveryView.model_validate(result) if _is_over(result) else None
    if as_json:
        show_json(result)
    elif recovery:
        draw(recovery)
    else:
        struck = StruckView.model_validate(result)
        out.print(f"[bold]Disaster {struck.number}[/] has struck. The clock of your customers runs.")
        out.print("See what they see: [bold]drill status[/]. Whole again: [bold]drill recovered[/]")
    return outcome(recovery) if recovery else ExitCode.OK


def _is_over(result: JsonValue) -> bool:
    """Whether it was looked at already, as it is after a runbook."""
    return isinstance(result, dict) and "findings" in result
