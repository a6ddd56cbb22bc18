"""`drill export`: scenarios as a document in the template's form."""

from pathlib import Path
from typing import Annotated

import typer

from drillyard.author.markdown.writing import write_document
from drillyard.author.planning import outline_of
from drillyard.base.errors import UserError
from drillyard.cli.completing_scenarios import complete_scenarios
from drillyard.cli.scenarios import directory_of
from drillyard.cli.screen import err, out
from drillyard.scenario.scenario import Scenario


def command(
    scenarios: Annotated[
        list[str], typer.Argument(help="See `drill list`; or directories.", autocompletion=complete_scenarios)
    ],
    to: Annotated[Path | None, typer.Option("--to", help="Write it to this file.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
) -> None:
    """Write scenarios as one Markdown document, in the form that `drill import` reads."""
    text = write_document([outline_of(Scenario.load(directory_of(each))) for each in scenarios])
    err.print("The seven fields of the template; what else stands in briefs and on task pages is not in it.")
    if to is None:
        out.print(text, markup=False, highlight=False, soft_wrap=True)
        return
    if to.exists() and not force:
        raise UserError("This file is there already", where=str(to), next_step="--force writes over it.")
    try:
        to.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"The document cannot be written: {error.strerror}", where=str(to)) from error
