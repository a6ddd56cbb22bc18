"""Releases: what was taken from a workspace at one time, and which of them is in force.

`releases/<number>/` in the range's directory is laid out like a workspace; the symbolic link `current` names
the one in force and is replaced atomically. Each component's `config` holds a copy of its part. While a
release is being put to use, `pending` names it: whoever finds `pending` at a start knows that an apply was
cut short. `current` decides then: the release counts if it was reached, else the one before.
"""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from drillyard.base.errors import DrillyardError
from drillyard.range.component import Site
from drillyard.range.privileges import keeper, make_own_directory, write_file
from drillyard.range.spec import RangeSpec
from drillyard.range.workspace import copy_released, read_spec, released_files

PART_OF_KIND: Mapping[str, str] = {
    "storefront": "storefront",
    "worker": "storefront",
    "partner": "storefront",
    "mailsink": "storefront",
    "haproxy": "haproxy",
    "postgres": "postgres",
    "valkey": "valkey",
    "prometheus": "prometheus",
    "alertmanager": "alertmanager",
    "standby": "standby",
    "scheduler": "ops",
}
"""The folder of the workspace that a kind of component is configured by."""

KEPT = 10
_INSTALLED = ".installed"


@dataclass(frozen=True)
class Release:
    """One release."""

    directory: Path

    @property
    def number(self) -> int:
        """Counts up from 1."""
        return int(self.directory.name)

    def spec(self) -> RangeSpec:
        """The allocation that it states."""
        return read_spec(self.directory)

    def files_of(self, part: str) -> dict[str, Path]:
        """The files of one folder, by their names inside it."""
        prefix = f"{part}/"
        return {
            name.removeprefix(prefix): path
            for name, path in released_files(self.directory).items()
            if name.startswith(prefix)
        }

    def install(self, kind: str, site: Site) -> bool:
        """Bring `site.config` into line with this release, file by file; what others put there stays.

        Returns whether a file was not there, or another one was.

        Raises:
            UserError: it cannot be written.
        """
        if kind not in PART_OF_KIND:
            return False
        for directory in (site.directory, site.config):
            make_own_directory(directory, site.account)
        files = self.files_of(PART_OF_KIND[kind])
        ours = keeper(site.account)  # the service reads, and cannot change
        record = site.config / _INSTALLED
        before = set(record.read_text().splitlines()) if record.exists() else set()
        # Recorded before it is done: after a crash in between, nothing stays behind unknown.
        write_file(record, "\n".join(sorted(before | set(files))), ours)
        lacking = False
        for name, source in files.items():
            target, text = site.config / name, site.released(source.read_text(encoding="utf-8"))
            lacking = lacking or not _holds(target, text)
            for parent in reversed(target.relative_to(site.config).parents[:-1]):
                make_own_directory(site.config / parent, site.account)
            mode = 0o750 if os.access(source, os.X_OK) else 0o640
            write_file(target, text, ours, mode)
        for name in before - set(files):
            (site.config / name).unlink(missing_ok=True)
        write_file(record, "\n".join(sorted(files)), ours)
        return lacking


def _holds(file: Path, text: str) -> bool:
    try:
        return file.is_file() and file.read_bytes() == text.encode()
    except OSError:
        return False


class Releases:
    """All releases of one range."""

    def __init__(self, range_directory: Path) -> None:
        self.directory = range_directory / "releases"

    @property
    def current(self) -> Release:
        """The release in force.

        Raises:
            DrillyardError: there is none yet.
        """
        link = self.directory / "current"
        if not link.is_symlink():
            raise DrillyardError(f"nothing was released yet in {self.directory}")
        return Release(self.directory / os.readlink(link))

    @property
    def exists(self) -> bool:
        """Whether there is a release at all."""
        return (self.directory / "current").is_symlink()

    def first(self, workspace: Path) -> Release:
        """Release the workspace of a new range, and put it in force at once.

        Raises:
            InvalidFilesError: a file cannot be released.
        """
        release = self.add(workspace)
        self.put_in_force(release)
        return release

    def add(self, workspace: Path) -> Release:
        """Copy the workspace's files into a new release that is not in force yet.

        Raises:
            InvalidFilesError: a file cannot be released.
        """
        self.directory.mkdir(mode=0o700, exist_ok=True)
        building = self.directory / ".new"
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir()
        copy_released(workspace, building)
        release = Release(self.directory / f"{max(self._numbers(), default=0) + 1:04d}")
        building.rename(release.directory)
        return release

    def begin(self, release: Release) -> None:
        """Say that this release is about to be put to use."""
        (self.directory / "pending").write_text(release.directory.name)

    def put_in_force(self, release: Release) -> None:
        """Make it the current one, atomically; forget the oldest."""
        fresh = self.directory / ".current.new"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(release.directory.name)
        fresh.replace(self.directory / "current")
        (self.directory / "pending").unlink(missing_ok=True)
        for number in sorted(self._numbers())[:-KEPT]:
            if number != release.number:
                shutil.rmtree(self.directory / f"{number:04d}")

    def abandon(self, release: Release) -> None:
        """Forget a release that was not put in force."""
        (self.directory / "pending").unlink(missing_ok=True)
        shutil.rmtree(release.directory, ignore_errors=True)

    def recover(self) -> Release | None:
        """After a crash: forget a release whose apply was cut short; returns it, or None.

        What `current` names then is to be installed in every component before it starts.
        """
        pending = self.directory / "pending"
        if not pending.exists():
            return None
        cut_short = Release(self.directory / (pending.read_text().strip() or "0"))
        if cut_short.directory == self.current.directory:
            pending.unlink()
            return None
        self.abandon(cut_short)
        return cut_short

    def _numbers(self) -> list[int]:
        return [int(path.name) for path in self.directory.iterdir() if path.name.isdigit()]
