"""Do by hand what a changes.yaml lists: run its SQL through `drill psql`, edit the files, `drill apply`."""

import subprocess
import sys
from pathlib import Path

from drillyard.scenario.changes import Changes
from drillyard.scenario.edits import apply_edits
from drillyard.scenario.yaml_file import read_model


def main(file: Path) -> None:
    """Apply `file` to the workspace in the current directory and the drill in DRILL."""
    changes = read_model(file, Changes)
    for statement in changes.sql:
        subprocess.run(["drill", "psql", "-c", statement.sql], check=True)
    apply_edits(changes, Path.cwd())
    subprocess.run(["drill", "apply"], check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
