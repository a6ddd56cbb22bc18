"""What completes the name of a scenario. Apart from the others because `drill start` must import little."""

from drillyard.base.paths import content


def complete_scenarios(incomplete: str) -> list[str]:
    """Scenarios that begin so."""
    found = (content() / "scenarios").glob(f"{incomplete}*/scenario.yaml")
    return sorted(path.parent.name for path in found)
