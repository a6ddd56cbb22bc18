"""`drill new`: a scenario to begin with."""

from pathlib import Path
from typing import Annotated

import typer

from drillyard.author.scaffolding import new_scenario
from drillyard.cli.screen import out


def command(
    slug: Annotated[str, typer.Argument(help="Its name: a-z, 0-9 and -.")],
    title: Annotated[str, typer.Option(help="What learners read; made of the name by default.")] = "",
    into: Annotated[Path, typer.Option(help="The directory for the scenario's own.")] = Path(),
) -> None:
    """Write a small scenario that certifies as it is: one flaw, one check, one solution, one cheat."""
    directory = new_scenario(slug, into, title)
    shown = directory if directory.is_absolute() else Path(".") / directory
    out.print(
        f"{shown} has one flaw, one check, one solution and one cheat, and certifies as it is.\n"
        f"Next: drill lint ./{shown}\n"
        f"      drill certify ./{shown} --how check\n"
        "      then change it, and do so again (docs/tutorial.md)".replace(".//", "/"),
        highlight=False,
        markup=False,
    )
