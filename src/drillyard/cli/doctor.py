"""`drill doctor`: which parts are here, and what is lost without the others."""

from pydantic import BaseModel
from rich.table import Table

from drillyard.base.errors import ExitCode
from drillyard.cli.options import Json
from drillyard.cli.screen import err, out, show_json
from drillyard.range import parts
from drillyard.range.parts.part import PartStatus


class PartLine(BaseModel):
    """One part; `path` is None when it is missing, and `problem` says why."""

    name: str
    title: str
    path: str | None
    version: str | None
    source: str | None
    essential: bool
    problem: str
    lost_without: str
    how_to_get: str


class Diagnosis(BaseModel):
    """What `drill doctor --json` prints."""

    parts: list[PartLine]


def command(as_json: Json = False) -> None:
    """Which parts are here, from where, and what is lost without the others. Fetches nothing."""
    with err.status("Looking for the parts"):
        found = parts.doctor()
    show(found, as_json=as_json)


def show(found: list[PartStatus], *, as_json: bool) -> None:
    """Print what was found; ends with exit code 4 when a range cannot run without what is missing."""
    if as_json:
        show_json(Diagnosis(parts=[_line(status) for status in found]))
    else:
        _draw(found)
    if any(status.part is None and status.essential for status in found):
        raise SystemExit(ExitCode.MISSING_PART)


def _draw(found: list[PartStatus]) -> None:
    table = Table("", "part", "version", "from", box=None, pad_edge=False)
    for status in found:
        if status.part:
            table.add_row("[green]✔[/]", status.title, status.part.version, f"{status.part.source}")
        else:
            table.add_row("[red]✘[/]" if status.essential else "[yellow]-[/]", status.title, "-", "missing")
    out.print(table)
    for status in found:
        if status.part is None:
            needed = (
                "A range cannot run without it" if status.essential else f"Without it: {status.lost_without}"
            )
            out.print(
                f"\n[bold]{status.title}[/]: {status.problem}\n{needed}. Get it with: {status.how_to_get}"
            )


def _line(status: PartStatus) -> PartLine:
    part = status.part
    return PartLine(
        name=status.name,
        title=status.title,
        path=str(part.path) if part else None,
        version=part.version if part else None,
        source=part.source if part else None,
        essential=status.essential,
        problem=status.problem,
        lost_without=status.lost_without,
        how_to_get=status.how_to_get,
    )
