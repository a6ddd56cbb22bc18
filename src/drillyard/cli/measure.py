"""`drill measure`: figures of your range beside the untouched one."""

from typing import Annotated

import typer
from pydantic import JsonValue
from rich.console import JustifyMethod
from rich.table import Table

from drillyard.assess.wording import amount, number
from drillyard.base.clock import wall
from drillyard.cli.following import run
from drillyard.cli.options import DrillName, Json
from drillyard.cli.screen import out, show_json, span, sparkline
from drillyard.drill.client import Client
from drillyard.drill.places import choose
from drillyard.drill.views import FigureRow, FiguresView, MeasurementsView
from drillyard.drill.wire import Measure


def command(
    *,
    label: Annotated[str, typer.Option(help="A name for it, such as `before`.")] = "",
    wanted: Annotated[
        str | None, typer.Option("--show", help="Show one that is kept: an id, a label, first, last.")
    ] = None,
    kept: Annotated[bool, typer.Option("--list", help="Only list what is kept.")] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Every reading, not only the telling ones.")
    ] = False,
    drill: DrillName = None,
    as_json: Json = False,
) -> None:
    """Measure your range beside the untouched one, and keep the figures."""
    with Client(choose(drill), "measure") as client:
        if kept:
            _list(client.get("/measurements", MeasurementsView), as_json=as_json)
            return
        if wanted is None:
            wanted = FiguresView.model_validate(run(client, Measure(label=label))).id
        found = client.get(f"/measurements/{wanted}", FiguresView, all=int(everything))
    _show(found, as_json=as_json)


def show(result: JsonValue, *, as_json: bool) -> None:
    """The figures of a measurement that was made."""
    _show(FiguresView.model_validate(result), as_json=as_json)


def _show(found: FiguresView, *, as_json: bool) -> None:
    if as_json:
        show_json(found)
    else:
        draw(found)


def draw(found: FiguresView) -> None:
    """The table of one measurement."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for head in ("figure", "yours", "untouched", "ratio (interval)", "windows"):
        justify: JustifyMethod = "left" if head in ("figure", "windows") else "right"
        table.add_column(head, justify=justify, no_wrap=True)
    for row in found.rows:
        table.add_row(
            row.name, _value(row, row.value), _value(row, row.twin), _ratio(row), sparkline(row.windows)
        )
    out.print(table)
    for trouble in found.troubles:
        out.print(f"[yellow]Windows left out: {trouble}[/]")
    if found.troubles and found.rows and all(row.ratio is None for row in found.rows):
        out.print("Nothing was left to compare. Let the machine rest, and measure again: drill measure")
    if not found.complete:
        out.print(
            "[yellow]It was cut short, or the time for it was over: these are the windows until then.[/]"
        )
    label = f" ({found.label})" if found.label else ""
    out.print(f"Kept as [bold]{found.id}[/]{label}. Compare it: drill compare {_partners(found)}")


def _partners(found: FiguresView) -> str:
    """The first one has only later ones to be compared with."""
    name = found.label or found.id
    return f"{name} last   (once there is a later one)" if found.id == "m1" else f"first {name}"


def _value(row: FigureRow, value: float | None) -> str:
    return "-" if value is None else amount(value, row.unit)


def _ratio(row: FigureRow) -> str:
    if row.ratio is None:
        return "-"
    if row.ratio_low is None or row.ratio_high is None:
        return number(row.ratio)
    return f"{number(row.ratio)} ({number(row.ratio_low)}..{number(row.ratio_high)})"


def _list(found: MeasurementsView, *, as_json: bool) -> None:
    if as_json:
        show_json(found)
        return
    if not found.measurements:
        out.print("Nothing is kept yet. Make one: drill measure --label before")
    for line in found.measurements:
        out.print(f"{line.id:6} {span(wall() - line.at):>12} ago  {line.purpose:8} {line.label}")
