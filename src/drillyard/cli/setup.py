"""`drill setup`: fetch the parts that are missing and build the shop's data; works offline afterwards."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from drillyard.cli.doctor import show
from drillyard.cli.options import Json
from drillyard.cli.screen import err
from drillyard.range import parts
from drillyard.range.templates import ensure_template, fresh_data


def command(
    data: Annotated[bool, typer.Option(help="Build the shop's data too (a minute, once).")] = True,
    data_scale: Annotated[float, typer.Option(help="Size of that data; 1 is what the scenarios use.")] = 1.0,
    as_json: Json = False,
) -> None:
    """Fetch the parts that are missing and build the data; offline afterwards."""
    with _saying() as say:
        found = parts.setup(say)
        if data and any(status.part for status in found if status.name == "postgres"):
            ensure_template(fresh_data(data_scale), progress=say)
    show(found, as_json=as_json)


@contextmanager
def _saying() -> Iterator[Callable[[str], None]]:
    """On a terminal one line that changes; elsewhere a line each."""
    if not err.is_terminal:
        yield lambda message: err.print(message, soft_wrap=True)
        return
    with err.status("Looking for the parts") as status:
        yield status.update
