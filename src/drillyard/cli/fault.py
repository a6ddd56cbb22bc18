"""`drill fault`: what can be wrong with the shop for a while, and what is."""

from difflib import get_close_matches
from enum import StrEnum
from typing import Annotated

import typer
from pydantic import JsonValue
from rich.markup import escape
from rich.table import Table

from drillyard.base.errors import UserError
from drillyard.cli.following import ready
from drillyard.cli.options import DrillName, Json
from drillyard.cli.screen import out, show_json
from drillyard.drill.client import Client
from drillyard.drill.fault_views import FaultsView, FaultView, KindView
from drillyard.drill.places import choose
from drillyard.drill.wire import Inject


class Action(StrEnum):
    """What to do."""

    LIST = "list"
    INJECT = "inject"
    END = "end"


def command(
    action: Annotated[Action, typer.Argument(help="list, inject or end.")] = Action.LIST,
    what: Annotated[str, typer.Argument(help="A fault or a family; to end one, its number.")] = "",
    parameters: Annotated[list[str] | None, typer.Argument(help="NAME=VALUE, any number.")] = None,
    *,
    seconds: Annotated[float, typer.Option("--for", min=0.1, help="How long, in seconds.")] = 30.0,
    budget: Annotated[
        float | None,
        typer.Option(
            "--error-budget", min=0, max=1, help="End it when this share of its requests has failed."
        ),
    ] = None,
    drill: DrillName = None,
    as_json: Json = False,
) -> None:
    """What can be wrong with the shop for a while: list all faults or one, put one in, end one."""
    with Client(choose(drill), f"fault {action}") as client:
        ready(client)
        match action:
            case Action.LIST:
                found = _chosen(client.get("/faults", FaultsView), what)
            case Action.INJECT:
                asked = Inject(
                    fault=what, parameters=_values(parameters or []), duration_s=seconds, error_budget=budget
                )
                begun = client.post("/faults", asked, FaultView)
            case Action.END:
                found = client.delete(f"/faults/{_number(what)}", FaultsView)
    if action is Action.INJECT:
        show_json(begun) if as_json else out.print(_line(begun))
    elif as_json:
        show_json(found)
    elif action is Action.LIST:
        _draw(found)
    else:
        out.print("It is over, and undone.")


def _values(given: list[str]) -> dict[str, JsonValue]:
    """`delay_ms=50`; several values of one name are separated by commas."""
    values: dict[str, JsonValue] = {}
    for each in given:
        name, separator, value = each.partition("=")
        if not separator:
            raise UserError(f"`{each}` is no parameter", next_step="Write NAME=VALUE, such as delay_ms=50.")
        several = "," in value or name == "replicas"
        values[name] = [*value.split(",")] if several else value
    return values


def _number(text: str) -> int:
    if not text.isdigit():
        raise UserError(
            "Which fault is to end?", next_step="By its number: drill fault end 3; drill fault lists them."
        )
    return int(text)


def _chosen(found: FaultsView, what: str) -> FaultsView:
    """The kinds that are meant, by name or family; all, where nothing is."""
    kinds = [kind for kind in found.kinds if what in ("", kind.id, kind.family)]
    if not kinds:
        near = get_close_matches(what, [name for kind in found.kinds for name in (kind.id, kind.family)], 1)
        meant = f"Did you mean {near[0]}? " if near else ""
        raise UserError(
            f"There is no fault or family `{what}`", next_step=f"{meant}All of them: drill fault list"
        )
    return found.model_copy(update={"kinds": kinds})


def _draw(found: FaultsView) -> None:
    for each in found.on:
        out.print(_line(each))
    if len(found.kinds) == 1:
        _draw_kind(found.kinds[0])
        if found.links and any(each.name == "link" for each in found.kinds[0].parameters):
            out.print(f"Connections here: {', '.join(found.links)}", soft_wrap=True)
        return
    table = Table("fault", "what it is", "parameters", box=None, pad_edge=False)
    for kind in found.kinds:
        table.add_row(kind.id, kind.title, ", ".join(each.name for each in kind.parameters))
    out.print(table)
    out.print("One of them: drill fault list FAULT. Put it in: drill fault inject FAULT NAME=VALUE --for 30")


def _draw_kind(kind: KindView) -> None:
    out.print(f"[bold]{kind.id}[/] {escape(kind.title)}")
    out.print(escape(kind.about))
    table = Table("parameter", "", "bounds", "default", box=None, pad_edge=False)
    for each in kind.parameters:
        default = "[bold]has to be given[/]" if each.required else escape(_shown(each.default))
        table.add_row(each.name, escape(each.about), escape(each.bounds), default)
    if kind.parameters:
        out.print(table)
    out.print(f"Undone: {escape(kind.undone)}; the shop is as before within {kind.within_s:g} s.")
    out.print(f"Look at: {', '.join(kind.moves)}")
    if kind.networked:
        out.print("It needs a shop with a network.")


def _shown(value: JsonValue) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _line(fault: FaultView) -> str:
    what = ", ".join(f"{name}={_shown(value)}" for name, value in fault.parameters.items())
    return f"[bold]Fault {fault.number}[/]: {fault.fault} ({escape(what)}) for {fault.duration_s:g} s"
