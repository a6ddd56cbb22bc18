"""`drill logs`: what a component says."""

import sys
from typing import Annotated

import typer

from drillyard.cli.completing import complete_components
from drillyard.cli.options import DrillName, Json
from drillyard.cli.screen import out, show_json
from drillyard.drill.client import Client
from drillyard.drill.places import choose


def command(
    component: Annotated[
        str | None,
        typer.Argument(
            help="A component; without one, say which there are.", autocompletion=complete_components
        ),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on as it says more; Ctrl-C ends.")
    ] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many of the last lines.")] = 50,
    drill: DrillName = None,
    as_json: Json = False,
) -> None:
    """What a component says; -f follows."""
    with Client(choose(drill), "logs") as client:
        if component is None:
            names = client.text("/logs").splitlines()
            show_json(list(names)) if as_json else out.print("\n".join(names))
            return
        query = {"lines": lines, "follow": int(follow)}
        stream = client.lines(f"/logs/{component}", **query)
        if as_json:
            show_json(list(stream))
            return
        try:
            for line in stream:
                sys.stdout.write(line + "\n")
                sys.stdout.flush()
        except KeyboardInterrupt:
            return
