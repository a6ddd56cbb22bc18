"""`drill resume`: go on after a pause."""

from drillyard.cli.options import DrillName, Json
from drillyard.cli.starting import follow_start
from drillyard.drill.places import choose


def command(drill: DrillName = None, as_json: Json = False) -> None:
    """Go on after a pause."""
    follow_start(choose(drill), as_json=as_json)
