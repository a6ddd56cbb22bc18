"""A driver for Chaos Toolkit: faults as actions, readings as probes (https://chaostoolkit.org).

An experiment names a drill in its configuration (`drill`), or acts on the only one there is; so does the
variable `DRILL`. The `chaos` command of the toolkit runs it unchanged.
"""

from chaoslib.discovery.discover import discover_actions, discover_probes, initialize_discovery_result
from chaoslib.types import Discovery

from drillyard import __version__

__all__ = ["discover"]


def discover(discover_system: bool = True) -> Discovery:
    """What the toolkit asks a driver for: all activities, with their arguments."""
    found = initialize_discovery_result("drillyard", __version__, "drill")
    found["activities"] += discover_actions("drillyard.chaos.actions")
    found["activities"] += discover_probes("drillyard.chaos.probes")
    return found
