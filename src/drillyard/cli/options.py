"""Options that several commands have, and what completes them."""

from typing import Annotated

import typer

from drillyard.drill.places import all_drills


def complete_drills(incomplete: str) -> list[str]:
    """Names of drills that begin so."""
    return [places.name for places in all_drills() if places.name.startswith(incomplete)]


DrillName = Annotated[
    str | None,
    typer.Option(
        "--drill",
        "-d",
        envvar="DRILL",
        help="Which drill; not needed while there is only one.",
        autocompletion=complete_drills,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON, for programs.")]
