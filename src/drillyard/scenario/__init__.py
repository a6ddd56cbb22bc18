"""What a scenario is: its manifest, pages and hints, its flaws, the variant a seed chooses.

A scenario is a directory of content (`docs/scenarios.md`). This room reads it, says what is wrong with it by
file and line, and turns a seed into `Changes`: pure data that the daemon applies alike to every subject.
"""

from drillyard.scenario.changes import Changes
from drillyard.scenario.flaw import Flaw, Strike, Trial, flaw
from drillyard.scenario.manifest import Manifest, Task
from drillyard.scenario.plant import Plant
from drillyard.scenario.scenario import Scenario, find_scenario, find_scenarios
from drillyard.scenario.variant import Variant

__all__ = [
    "Changes",
    "Flaw",
    "Manifest",
    "Plant",
    "Scenario",
    "Strike",
    "Task",
    "Trial",
    "Variant",
    "find_scenario",
    "find_scenarios",
    "flaw",
]
