"""`drill hint`: three tiers a task, each nearer to the answer and dearer than the one before."""

from typing import Annotated

import typer

from drillyard.cli.asking import confirm
from drillyard.cli.completing import complete_tasks
from drillyard.cli.options import DrillName, Json
from drillyard.cli.screen import out, price, show_json, show_markdown
from drillyard.drill.client import Client
from drillyard.drill.places import choose
from drillyard.drill.views import HintRequest, HintsView, HintView


def command(
    task: Annotated[str, typer.Argument(help="A task (number or id).", autocompletion=complete_tasks)],
    read: Annotated[bool, typer.Option("--read", help="Only read again what you have taken.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Take it without being asked.")] = False,
    drill: DrillName = None,
    as_json: Json = False,
) -> None:
    """A hint for a task, in three tiers; each has its price."""
    with Client(choose(drill), "hint") as client:
        seen = client.get(f"/hints/{task}", HintsView)
        if read:
            show_json(seen) if as_json else _show_all(seen)
            return
        if not (as_json or yes or seen.next_cost is None):
            _show_all(seen)
            which = f"Hint {len(seen.read) + 1} of {seen.task}"
            confirm(f"{which} costs {price(seen.next_cost)} of 100. Take it?")
        hint = client.post("/hints", HintRequest(task=task), HintView)
    if as_json:
        show_json(hint)
        return
    _show(hint)
    if hint.left:
        out.print(f"[dim]{len(hint.left)} more for this task; the next costs {price(hint.left[0])}.[/]")


def _show_all(seen: HintsView) -> None:
    for hint in seen.read:
        _show(hint)
    if not seen.read:
        out.print(f"No hint of {seen.task} was taken yet.")


def _show(hint: HintView) -> None:
    show_markdown(f"**{hint.task}, hint {hint.tier}** ({price(hint.cost)} of 100)\n\n{hint.text}")
