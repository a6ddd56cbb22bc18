"""`drill export`: scenarios as a document in the template's form."""

from pathlib import Path
from typing import Annotated

import typer

from drillyard.author.planning import outline_of
from drillyard.author.writing import write_document
from drillyard.cli.completing_scenarios import complete_scenarios
from drillyard.cli.screen import out
from drillyard.scenario.scenario import find_scenario


def command(
    scenarios: Annotated[
        list[str], typer.Argument(help="See `drill list`; or directories.", autocompletion=complete_scenarios)
    ],
    to: Annotated[Path | None, typer.Option("--to", help="Write it to this file.")] = None,
) -> None:
    """Write scenarios as one Markdown document, in the form that `drill import` reads."""
    text = write_document([outline_of(find_scenario(each)) for each in scenarios])
    if to:
        to.write_text(text, encoding="utf-8")
    else:
        out.print(text, markup=False, highlight=False, soft_wrap=True)
