"""`drill status`: one screen of 80 by 24."""

import time
from typing import Annotated

import typer
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from drillyard.assess.wording import number
from drillyard.base.clock import wall
from drillyard.cli.following import announce
from drillyard.cli.options import DrillName, Json
from drillyard.cli.screen import out, price, show_json, span, sparkline
from drillyard.drill.client import Client
from drillyard.drill.fault_views import FaultView
from drillyard.drill.naming import noun
from drillyard.drill.places import choose
from drillyard.drill.views import ComponentView, StatusView

_MARKS = {"pass": "[green]✔[/]", "fail": "[red]✘[/]", "inconclusive": "[yellow]?[/]", None: "·"}
_GOOD = ("ready", "running")
_PER_LINE = 4


def command(
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Draw it anew every second; Ctrl-C ends.")
    ] = False,
    drill: DrillName = None,
    as_json: Json = False,
) -> None:
    """One screen: what runs, how it feels for customers, what is next."""
    with Client(choose(drill), "status") as client:
        announce(client)
        status = client.get("/status", StatusView)
        if as_json:
            show_json(status)
        elif watch and out.is_terminal:
            _watch(client, status)
        else:
            out.print(draw(status))


def _watch(client: Client, status: StatusView) -> None:
    try:
        with Live(draw(status), console=out, auto_refresh=False) as live:
            while True:
                time.sleep(1)
                live.update(draw(client.get("/status", StatusView)), refresh=True)
    except KeyboardInterrupt:
        return


def draw(status: StatusView) -> Group:
    """The whole screen."""
    state = f"[green]{status.state}[/]" if status.state == "running" else f"[yellow]{status.state}[/]"
    parts: list[str | Table | Text] = [
        f"[bold]{status.title}[/]  {state}  drill {status.name}, variant {status.variant}",
        f"shop       {status.url}",
        f"workspace  {status.workspace}",
        "",
        *_range(status),
        *_customers(status),
        "",
        *_tasks(status),
        "",
    ]
    parts += [f"[yellow]{warning}[/]" for warning in status.warnings[:2]]
    parts += [_fault(each) for each in status.faults[:2]]
    if status.operation:
        began = span(wall() - status.operation.created)
        parts.append(f"Now: {noun(status.operation.request)}, for {began} (operation {status.operation.id})")
    parts.append(f"[bold]Next:[/] {status.next_step}")
    return Group(*(Text.from_markup(p, overflow="fold") if isinstance(p, str) else p for p in parts))


def _fault(fault: FaultView) -> str:
    left = span(max(0.0, fault.began + fault.duration_s - wall()))
    return f"[yellow]Fault {fault.number} is on:[/] {fault.fault}, for {left} more"


def _range(status: StatusView) -> list[str | Table]:
    if not status.components:
        return ["Nothing runs."]
    table = Table.grid(padding=(0, 2))
    cells = [_component(each) for each in status.components]
    for start in range(0, len(cells), _PER_LINE):
        table.add_row(*cells[start : start + _PER_LINE])
    return [table]


def _component(component: ComponentView) -> str:
    good = component.state in _GOOD
    return f"[green]●[/] {component.name}" if good else f"[red]●[/] {component.name} ({component.state})"


def _customers(status: StatusView) -> list[str]:
    seen = status.customers
    if seen is None:
        return ["Customers  none come" if not status.traffic_rate else "Customers  the first are coming"]
    failed = f"[red]{seen.failed:.1%} fail[/]" if seen.failed > 0.005 else "all served"
    times = (
        f"half within {number(seen.p50_ms)} ms, 95 % within {number(seen.p95_ms)} ms"
        if seen.p50_ms is not None and seen.p95_ms is not None
        else "no answer in this time"
    )
    return [
        f"Customers  {number(seen.rate)} requests/s, {failed}, {times}",
        f"           95 %: {sparkline(seen.p95_history_ms)} [dim](a second a bar)[/]",
    ]


def _tasks(status: StatusView) -> list[str]:
    done = sum(task.outcome == "pass" for task in status.tasks)
    hints = f", hints {price(status.hints_cost)}" if status.hints_cost else ""
    head = (
        f"Tasks      {done} of {len(status.tasks)} done, "
        f"{span(status.active_s)} of about {span(status.duration_s)} active{hints}"
    )
    return [head, *(f"  {_MARKS.get(task.outcome, '·')} {task.number} {task.title}" for task in status.tasks)]
