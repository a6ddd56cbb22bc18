"""What completes the name of a scenario. Apart from the others because `drill start` must import little."""

from drillyard.base.paths import scenario_roots


def complete_scenarios(incomplete: str) -> list[str]:
    """Scenarios that begin so."""
    found = (path for root in scenario_roots() for path in root.glob(f"{incomplete}*/scenario.yaml"))
    return sorted(path.parent.name for path in found)
