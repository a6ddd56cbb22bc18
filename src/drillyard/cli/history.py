"""`drill history`: every submission there was, over all drills."""

import time

from rich.table import Table

from drillyard.cli.options import Json
from drillyard.cli.reports import points
from drillyard.cli.screen import out, show_json
from drillyard.cli.verdicts import MARKS
from drillyard.drill.history import history


def command(as_json: Json = False) -> None:
    """Your submissions over time, in all drills that are still there."""
    found = history()
    if as_json:
        show_json(found)
        return
    if not found.attempts:
        out.print("Nothing was submitted yet. Have a drill judged: [bold]drill submit[/]")
        return
    table = Table("when", "drill", "scenario", "variant", "attempt", "outcome", box=None, pad_edge=False)
    table.add_column("points", justify="right")
    for each in found.attempts:
        table.add_row(
            time.strftime("%Y-%m-%d %H:%M", time.localtime(each.at)),
            each.drill,
            each.scenario,
            each.variant,
            str(each.attempt),
            f"{MARKS[each.outcome]} {each.outcome}",
            points(each.points),
        )
    out.print(table)
