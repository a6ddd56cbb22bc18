"""Scenarios as they are named on the command line: by their name, or by their directory."""

from pathlib import Path

from drillyard.base.errors import UserError
from drillyard.base.paths import scenario_roots


def directory_of(name: str) -> Path:
    """Where a scenario lies: the one called `name` that ships or came with a pack, else the directory `name`.

    Raises:
        UserError: there is none.
    """
    there = {
        path.parent.name: path.parent
        for root in reversed(scenario_roots())
        for path in root.glob("*/scenario.yaml")
    }
    if name in there:
        return there[name]
    directory = Path(name).expanduser().resolve()
    if (directory / "scenario.yaml").is_file():
        return directory
    known = ", ".join(sorted(there)) or "none"
    raise UserError(
        f"There is no scenario called `{name}`, and no directory of that name with a scenario.yaml",
        next_step=f"There are: {known}.",
    )
