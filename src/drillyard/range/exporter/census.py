"""Who belongs to the range: the list that the supervisor keeps for the exporter."""

import json
from collections.abc import Mapping
from pathlib import Path


def census_of(file: Path) -> Mapping[str, int]:
    """Component name to pid, from a JSON object; empty while there is no such file."""
    try:
        stored = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return {str(name): int(pid) for name, pid in stored.items()}


def write_census(file: Path, pids: Mapping[str, int]) -> None:
    """Write the list whole, readable by the exporter's account."""
    temporary = file.with_name(f".{file.name}.new")
    temporary.write_text(json.dumps(dict(pids)))
    temporary.chmod(0o644)
    temporary.replace(file)
