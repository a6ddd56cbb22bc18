"""`drill rehearse`: the runbook, alone, on empty hosts."""

from pydantic import JsonValue
from rich.table import Table

from drillyard.base.errors import ExitCode
from drillyard.cli.following import run
from drillyard.cli.options import DrillName, Json
from drillyard.cli.recoveries import money
from drillyard.cli.screen import counted, out, show_json
from drillyard.drill.client import Client
from drillyard.drill.places import choose
from drillyard.drill.recovery_views import RehearsalView
from drillyard.drill.wire import Rehearse


def command(drill: DrillName = None, as_json: Json = False) -> None:
    """Have your runbook bring the shop back from what lies off site, on empty hosts. Counts for nothing.

    Your shop dies for it and stands aside meanwhile, and starts again afterwards. Ends with 0 when nothing
    is gone but orders, and with 1 otherwise.
    """
    with Client(choose(drill), "rehearse") as client:
        result = run(client, Rehearse())
    raise SystemExit(show(result, as_json=as_json))


def show(result: JsonValue, *, as_json: bool) -> ExitCode:
    """What came back of the shop."""
    view = RehearsalView.model_validate(result)
    if as_json:
        show_json(view)
    else:
        draw(view)
    return outcome(view)


def draw(view: RehearsalView) -> None:
    """On the terminal."""
    if not view.restored:
        out.print(f"[red]✘[/] The shop did not come back: {view.why}")
        return
    out.print(f"[green]✔[/] The shop came back after {view.seconds or 0.0:.1f} s")
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_row("orders lost", f"{view.lost:,}", f"{money(view.lost_cents)}, {view.recovery_point_s:.1f} s")
    table.add_row("orders of the minute before", f"{view.bought:,}", f"of {view.tried:,} that were tried")
    out.print(table)
    for what in view.gone:
        out.print(f"[red]✘[/] gone: {what}")
    for name, count in view.rows_lost.items():
        table_name = name.removeprefix("rows.lost.")
        out.print(f"[red]✘[/] {_rows(round(count), table_name)} gone or changed")
    for name in view.differing:
        out.print(f"[red]✘[/] not in force as it was: {name}")
    for what, why in view.unlooked.items():
        out.print(f"[yellow]?[/] {what} could not be looked at: {why}")


def _rows(count: int, table: str) -> str:
    return f"{counted(count, 'row')} of the table {table} {'is' if count == 1 else 'are'}"


def outcome(view: RehearsalView) -> ExitCode:
    """OK when everything is there but orders, which are a figure."""
    if not view.restored or view.gone or view.rows_lost or view.differing:
        return ExitCode.FAILED
    return ExitCode.INCONCLUSIVE if view.unlooked else ExitCode.OK
