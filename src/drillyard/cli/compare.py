"""`drill compare`: two measurements side by side."""

from typing import Annotated

import typer
from rich.table import Table

from drillyard.assess.wording import amount, number
from drillyard.cli.options import DrillName, Json
from drillyard.cli.screen import out, show_json
from drillyard.drill.client import Client
from drillyard.drill.places import choose
from drillyard.drill.views import ChangeRow, ComparisonView


def command(
    before: Annotated[str, typer.Argument(help="An id, a label, `first` or `last`.")],
    after: Annotated[str, typer.Argument(help="The same.")] = "last",
    drill: DrillName = None,
    as_json: Json = False,
) -> None:
    """The difference between two measurements, with intervals.

    Counters are compared as they are; seconds as their ratio to the untouched range of the same measurement,
    because the machine may have been slower at one of the two times.
    """
    with Client(choose(drill), "compare") as client:
        found = client.get("/compare", ComparisonView, a=before, b=after)
    if as_json:
        show_json(found)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for head in ("figure", found.before, found.after, "after / before", "compared"):
        table.add_column(head, justify="left" if head in ("figure", "compared") else "right", no_wrap=True)
    for row in found.rows:
        table.add_row(
            row.name, amount(row.before, row.unit), amount(row.after, row.unit), _ratio(row), row.basis
        )
    out.print(table)
    out.print("Bold: the whole interval lies more than 5 % away from no change.")


def _ratio(row: ChangeRow) -> str:
    if row.ratio is None or row.ratio_low is None or row.ratio_high is None:
        return "-"
    text = f"{number(row.ratio)} ({number(row.ratio_low)}..{number(row.ratio_high)})"
    return f"[bold]{text}[/]" if row.different else text
