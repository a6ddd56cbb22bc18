"""What state a drill is in, told without asking its daemon, which the question would start."""

from drillyard.drill.places import Places
from drillyard.drill.presence import daemon_of
from drillyard.drill.store import glance
from drillyard.drill.views import DrillState

_DESIRED = "SELECT value FROM meta WHERE key = 'desired'"


def standing(places: Places) -> DrillState:
    """What the learner made of it; `down` when it should run and nobody runs it (the next command does)."""
    match glance(places.store, _DESIRED):
        case [("paused",)]:
            return "paused"
        case [("stopped",)]:
            return "stopped"
        case _:
            return "running" if daemon_of(places) else "down"
