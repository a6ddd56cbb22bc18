"""What completes arguments: names of tasks and components. Completion never fails."""

import typer

from drillyard.base.errors import DrillyardError
from drillyard.drill.places import Places, Record, choose
from drillyard.scenario.scenario import find_scenario


def complete_tasks(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Tasks of the drill that begin so, with their titles."""
    try:
        record = Record.read(_places(ctx))
        tasks = find_scenario(record.scenario).manifest.tasks
    except DrillyardError:
        return []
    return [(task.id, task.title) for task in tasks if task.id.startswith(incomplete)]


def complete_components(ctx: typer.Context, incomplete: str) -> list[str]:
    """Components of the drill's range that begin so."""
    try:
        directory = _places(ctx).range
    except DrillyardError:
        return []
    return sorted(path.parent.name for path in directory.glob(f"{incomplete}*/output.log"))


def _places(ctx: typer.Context) -> Places:
    return choose(ctx.params.get("drill"))
