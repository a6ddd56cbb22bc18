"""The learner's folder: made from the default workspace and a scenario's overlay; compared with what runs.

Services never read it: `apply` copies a release out of it.
"""

import filecmp
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from tempfile import mkdtemp

from drillyard.base.errors import InvalidFilesError, Problem, UserError
from drillyard.range.addresses import Addresses
from drillyard.range.credentials import Credentials
from drillyard.range.workspace_git import start_repository
from drillyard.range.workspace_rendering import render_file, values_of
from drillyard.range.workspace_spec import read_spec
from drillyard.range.workspace_storefront import write_storefront

__all__ = [
    "Change",
    "FileChange",
    "changed_files",
    "copy_released",
    "create_workspace",
    "read_spec",
    "released_files",
]

DEFAULT = Path(__file__).parent / "workspace_default"
PARTS = ("storefront", "haproxy", "postgres", "valkey", "prometheus", "alertmanager", "standby", "ops")
"""Folders whose files decide how the range runs; `range.toml` does too. The rest is the learner's own."""
MAX_FILE_BYTES = 1_000_000
MAX_FILES = 500


class Change(StrEnum):
    """What happened to a file since the last release."""

    ADDED = "added"
    MODIFIED = "modified"
    REMOVED = "removed"


@dataclass(frozen=True)
class FileChange:
    """One file that differs from the release; `name` is relative to the workspace."""

    name: str
    change: Change

    @property
    def part(self) -> str:
        """The folder it is in, or `range.toml`."""
        return self.name.split("/", 1)[0]


def create_workspace(
    destination: Path,
    addresses: Addresses,
    credentials: Credentials,
    overlays: Sequence[Path] = (),
    *,
    history: bool = True,
) -> Path:
    """Make a workspace: defaults, the files of each overlay over them, all rendered, then a first commit.

    It appears whole or not at all. An overlay's file that is empty removes the default's.

    Raises:
        UserError: `destination` is not empty or cannot be written, or a template names nothing we know.
    """
    destination = destination.absolute()
    if destination.exists() and (not destination.is_dir() or any(destination.iterdir())):
        raise UserError(
            "The folder for the workspace is not empty",
            where=str(destination),
            next_step="Name another folder, or move away what is in it.",
        )
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        building = Path(mkdtemp(prefix=f".{destination.name}-", dir=destination.parent))
    except OSError as error:
        raise UserError(
            f"The workspace cannot be made here: {error.strerror or error}", where=str(destination)
        ) from error
    try:
        building.chmod(0o755)
        write_files(building, addresses, credentials, overlays)
        if history:
            start_repository(building, "Start of the drill")
        building.replace(destination)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return destination


def write_files(
    directory: Path, addresses: Addresses, credentials: Credentials, overlays: Sequence[Path] = ()
) -> None:
    """Render the default workspace and the overlays into a directory that exists."""
    values = values_of(addresses, credentials)
    write_storefront(directory / "storefront", values)
    for layer in (DEFAULT, *overlays):
        for source in sorted(path for path in layer.rglob("*") if path.is_file() and not _ignored(path)):
            target = directory / source.relative_to(layer)
            if layer is not DEFAULT and source.stat().st_size == 0:
                target.unlink(missing_ok=True)
            else:
                render_file(source, target, values)


def released_files(workspace: Path) -> dict[str, Path]:
    """The files that decide how the range runs, by name relative to the workspace.

    Raises:
        InvalidFilesError: one is a symbolic link, too large or unreadable, or there are too many.
    """
    found: dict[str, Path] = {}
    problems: list[Problem] = []
    candidates = [workspace / "range.toml"]
    for part in PARTS:
        if (workspace / part).is_symlink():
            problems.append(Problem(part, 0, "is a link", "a folder"))
            continue
        for directory, folders, names in os.walk(workspace / part):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            candidates += [Path(directory, name) for name in sorted(names)]
    for path in candidates:
        name = path.relative_to(workspace).as_posix()
        if _ignored(path) or not (path.exists() or path.is_symlink()):
            continue
        if problem := _unfit(path, name):
            problems.append(problem)
        else:
            found[name] = path
    if len(found) > MAX_FILES:
        problems.append(Problem(".", 0, f"there are {len(found)} files to release", f"at most {MAX_FILES}"))
    if problems:
        raise InvalidFilesError(problems)
    return found


def changed_files(workspace: Path, released: Path) -> tuple[FileChange, ...]:
    """What differs between the workspace and a release of it, by name.

    Raises:
        InvalidFilesError: a file of the workspace cannot be released at all.
    """
    now, before = released_files(workspace), released_files(released)
    changes = [
        FileChange(name, Change.ADDED if name not in before else Change.MODIFIED)
        for name, path in now.items()
        if name not in before or not _same(path, before[name])
    ]
    changes += [FileChange(name, Change.REMOVED) for name in before if name not in now]
    return tuple(sorted(changes, key=lambda change: change.name))


def copy_released(workspace: Path, destination: Path) -> None:
    """Copy the files that decide how the range runs into a new directory.

    Raises:
        InvalidFilesError: one cannot be released.
    """
    for name, source in released_files(workspace).items():
        target = destination / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target, follow_symlinks=False)
        if os.access(source, os.X_OK):
            target.chmod(0o755)


def _same(one: Path, other: Path) -> bool:
    """In content, and in whether it may be run."""
    return os.access(one, os.X_OK) == os.access(other, os.X_OK) and filecmp.cmp(one, other, shallow=False)


def _ignored(path: Path) -> bool:
    """Editors' own files and what git keeps."""
    return path.name.startswith((".", "#")) or path.name.endswith(("~", ".swp", ".orig", ".rej"))


def _unfit(path: Path, name: str) -> Problem | None:
    if path.is_symlink() or not path.is_file():
        return Problem(name, 0, "is not a plain file", "a file with the content itself, not a link")
    if not os.access(path, os.R_OK):
        return Problem(name, 0, "cannot be read: permission denied")
    if path.stat().st_size > MAX_FILE_BYTES:
        return Problem(name, 0, f"has {path.stat().st_size} bytes", f"at most {MAX_FILE_BYTES}")
    try:
        path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = path.read_bytes().count(b"\n", 0, error.start) + 1
        return Problem(name, line, "is not UTF-8 text", "text")
    return None
