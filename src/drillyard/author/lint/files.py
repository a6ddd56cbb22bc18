"""No stray file: whatever lies in a scenario's directory is content that somebody uses."""

from collections.abc import Iterator
from pathlib import Path

from drillyard.author.lint.finding import Finding, Linted

_FILES = {"scenario.yaml", "brief.md", "debrief.md", "hints.yaml", "flaws.py", "checks.py", "README.md"}
_FOLDERS = {"tasks", "workspace", "solutions", "cheats", "checks"}
_IGNORED = {"__pycache__"}
LARGEST_BYTES = 1024 * 1024


def _rule(linted: Linted) -> Iterator[Finding]:
    directory = linted.scenario.directory
    for entry in sorted(directory.iterdir()):
        known = _FOLDERS if entry.is_dir() else _FILES
        if entry.name not in known and entry.name not in _IGNORED:
            yield linted.wrong(entry, 0, "nothing uses this", "Remove it, or move it to where it belongs.")
    pages = {task.page for task in linted.scenario.manifest.tasks}
    for page in sorted((directory / "tasks").glob("*")):
        if page.name not in pages:
            yield linted.wrong(page, 0, "no task has this page", "Name it as a task's `page`, or remove it.")
    for path in _all(directory):
        if path.is_symlink():
            yield linted.wrong(path, 0, "a symbolic link", "Scenarios are copied and packed: use a file.")
        elif path.is_file() and path.stat().st_size > LARGEST_BYTES:
            size = path.stat().st_size
            yield linted.wrong(path, 0, f"the file has {size} bytes", "Generate what is large.")


def _all(directory: Path) -> Iterator[Path]:
    for path in sorted(directory.rglob("*")):
        if not _IGNORED & set(path.parts):
            yield path


RULE = _rule
