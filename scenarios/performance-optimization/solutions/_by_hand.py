"""Do by hand what a changes.yaml lists: measure, run its SQL in `drill psql`, edit the files, `drill apply`.

Then measure again and write results.md, as a learner does; `--repair-only` neither measures nor writes.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from drillyard.scenario.changes import Changes
from drillyard.scenario.edits import apply_edits
from drillyard.scenario.yaml_file import read_model

TELLING = (
    "latency.p95",
    "latency.p50",
    "cache.hit_ratio",
    "db.buffers_per_request",
    "db.calls_per_request",
    "processes.memory",
)
RESULTS = """\
# Results

## Before

The shop as it was found, at the measured load, in readings of `drill measure`:

{before}

## Bottlenecks found

1. The database is asked too often and for too much: blocks and statements per request are many times what a
   page needs.
2. The cache finds its values too seldom, so the same things are computed again and again.
3. Jobs wait behind others, and processes and memory are not where the work is.

## What was changed

Everything that changes.yaml of this solution lists: lifetimes and keys, indexes and statistics, queries,
pools, queues and threads, retries, processes and memory. Each with its reason beside it.

## After

The same readings under the same load, after the changes were applied:

{after}

## What remains

The replicas' own computing is what gives way first now: at the highest load they use a core each while the
database idles.
"""


def main(file: Path, *, write: bool) -> None:
    """Apply `file` to the workspace here and the drill in DRILL; `write` results.md too."""
    changes = read_model(file, Changes)
    before = measured("before") if write else ""
    for statement in changes.sql:
        drill("psql", "-c", statement.sql)
    apply_edits(changes, Path.cwd())
    drill("apply")
    if write:
        Path("results.md").write_text(RESULTS.format(before=before, after=measured("after")))


def drill(*arguments: str) -> str:
    """What a command prints; it must work."""
    return subprocess.run(["drill", *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


def measured(label: str) -> str:
    """A kept measurement, as lines of Markdown."""
    rows = json.loads(drill("measure", "--label", label, "--all", "--json"))["rows"]
    return "\n".join(line(row) for name in TELLING for row in rows if row["name"] == name)


def line(row: Mapping[str, str | float]) -> str:
    """One figure with its unit, as people write it."""
    value, unit = float(row["value"]), str(row["unit"])
    shown = {"ratio": f"{100 * value:.3g} %", "B": f"{value / 2**20:.0f} MiB"}
    return f"- {row['name']}: {shown.get(unit, f'{value:.4g} {unit}')}"


if __name__ == "__main__":
    main(Path(sys.argv[1]), write="--repair-only" not in sys.argv)
