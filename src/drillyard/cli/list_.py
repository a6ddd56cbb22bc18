"""`drill list`: the scenarios there are, and the drills of this user."""

from pathlib import Path

from pydantic import BaseModel
from rich.table import Table

from drillyard.cli.options import Json
from drillyard.cli.screen import out, show_json, span
from drillyard.drill.places import Places, Record, all_drills
from drillyard.drill.presence import daemon_of
from drillyard.drill.standing import standing
from drillyard.drill.views import DrillState
from drillyard.scenario.scenario import find_scenarios


class ScenarioLine(BaseModel):
    """One scenario."""

    slug: str
    title: str
    objective: str
    minutes: int


class DrillLine(BaseModel):
    """One drill; `daemon` says whether it has one now: a stopped drill has for a moment."""

    name: str
    scenario: str
    variant: str
    workspace: str
    state: DrillState
    daemon: bool


class Listing(BaseModel):
    """What `drill list --json` prints."""

    scenarios: list[ScenarioLine]
    drills: list[DrillLine]


def command(as_json: Json = False) -> None:
    """The scenarios there are, and your drills."""
    listing = Listing(
        scenarios=[
            ScenarioLine(
                slug=each.slug,
                title=each.manifest.title,
                objective=each.manifest.objective,
                minutes=each.manifest.duration,
            )
            for each in find_scenarios()
        ],
        drills=[_drill(places) for places in all_drills()],
    )
    if as_json:
        show_json(listing)
        return
    out.print(_scenarios(listing))
    if listing.drills:
        out.print(_drills(listing))
    else:
        out.print("No drill yet. Start one: [bold]drill start SCENARIO[/]")


def _drill(places: Places) -> DrillLine:
    record = Record.read(places)
    return DrillLine(
        name=record.name,
        scenario=record.scenario,
        variant=record.variant,
        workspace=record.workspace,
        state=standing(places),
        daemon=daemon_of(places) is not None,
    )


def _scenarios(listing: Listing) -> Table:
    table = Table("scenario", "about", "time", box=None, pad_edge=False)
    for line in listing.scenarios:
        table.add_row(f"[bold]{line.slug}[/]", line.objective.strip(), span(line.minutes * 60))
    return table


def _drills(listing: Listing) -> Table:
    table = Table("drill", "scenario", "variant", "now", box=None, pad_edge=False)
    table.add_column("workspace", overflow="fold")
    home = f"{Path.home()}/"
    for line in listing.drills:
        now = f"[green]{line.state}[/]" if line.state == "running" else line.state
        table.add_row(line.name, line.scenario, line.variant, now, _shortened(line.workspace, home))
    return table


def _shortened(workspace: str, home: str) -> str:
    return f"~/{workspace.removeprefix(home)}" if workspace.startswith(home) else workspace
