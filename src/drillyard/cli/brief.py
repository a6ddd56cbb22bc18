"""`drill brief`: what is the matter and what is asked."""

from typing import Annotated

import typer

from drillyard.cli.completing import complete_tasks
from drillyard.cli.options import DrillName, Json
from drillyard.cli.screen import show_json, show_markdown
from drillyard.drill.client import Client
from drillyard.drill.places import choose
from drillyard.drill.views import BriefView, TaskPageView


def command(
    task: Annotated[
        str | None, typer.Argument(help="A task (number or id).", autocompletion=complete_tasks)
    ] = None,
    drill: DrillName = None,
    as_json: Json = False,
) -> None:
    """What is the matter and what is asked; with TASK, that task's page."""
    with Client(choose(drill), "brief") as client:
        if task:
            page = client.get(f"/tasks/{task}", TaskPageView)
            show_json(page) if as_json else show_markdown(page.page)
            return
        brief = client.get("/brief", BriefView)
    if as_json:
        show_json(brief)
        return
    tasks = "\n".join(f"{t.number}. {t.title} - `drill brief {t.number}`" for t in brief.tasks)
    show_markdown(f"{brief.brief}\n\n## Tasks\n\n{tasks}\n\nWorkspace: `{brief.workspace}`\n")
