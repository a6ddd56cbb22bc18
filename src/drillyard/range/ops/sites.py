"""Where a range keeps what must outlive its servers: at its primary site, and off it.

Both are directories of the service account. What lies at the primary site goes with it in a disaster that
takes the site; what lies off it is what a shop has left then.
"""

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from drillyard.base.paths import is_root
from drillyard.range.privileges import Account, make_directory, make_own_directory, own_tree, unwritable


@dataclass(frozen=True)
class Sites:
    """The sites of the range whose directory is `range_directory`."""

    range_directory: Path
    account: Account

    @property
    def root(self) -> Path:
        """Holds both."""
        return self.range_directory / "sites"

    @property
    def primary(self) -> Path:
        """The primary site: beside the database."""
        return self.root / "primary"

    @property
    def backups(self) -> Path:
        """Backups that are kept on line."""
        return self.primary / "backups"

    @property
    def archive(self) -> Path:
        """Archived write-ahead log."""
        return self.primary / "archive"

    @property
    def config(self) -> Path:
        """The configuration in force, laid out like a workspace, as it lies on the shop's hosts."""
        return self.primary / "config"

    @property
    def offsite(self) -> Path:
        """Storage somewhere else."""
        return self.root / "offsite"

    @property
    def home(self) -> Path:
        """The home directory of the operators' shell."""
        return self.root / "home"

    def prepare(self) -> None:
        """Make what is missing.

        Raises:
            UserError: it cannot be made.
        """
        make_own_directory(self.root, self.account)
        for directory in (self.primary, self.offsite, self.home, self.backups, self.archive):
            if directory.is_symlink() or (directory.exists() and not directory.is_dir()):
                directory.unlink()  # what it pointed to stays
            make_directory(directory, self.account, mode=0o700)

    def publish(self, files: Mapping[str, Path]) -> None:
        """Lay the configuration in force out in `config`, and nothing else.

        It is built where only we can write, and then given away whole.

        Raises:
            UserError: it cannot be written.
        """
        building, before = self.root / ".config.new", self.root / ".config.before"
        try:
            for left in (building, before):
                _clear(left)
            building.mkdir(mode=0o700)
            for name, source in files.items():
                target = building / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(source.read_bytes())
                target.chmod(0o750 if os.access(source, os.X_OK) else 0o640)
            own_tree(building, self.account)
            with suppress(FileNotFoundError):
                self.config.rename(before)
            building.rename(self.config)  # at once: schedules run what is in it
            _clear(before)
        except OSError as error:
            raise unwritable(self.config, error) from error

    def variables(self) -> Mapping[str, str]:
        """The places, for commands that the shop's servers and schedules run."""
        return {
            "BACKUPS": str(self.backups),
            "ARCHIVE": str(self.archive),
            "CONFIG": str(self.config),
            "OFFSITE": str(self.offsite),
        }


def _clear(path: Path) -> None:
    """Remove what is there, whatever it is; a link is not followed."""
    if path.is_symlink() or path.is_file():
        path.unlink()
        return
    if not is_root() and path.exists():  # whom no mode keeps out
        path.chmod(0o700)
        for directory, below, _ in os.walk(path):
            for each in (Path(directory) / name for name in below):
                if not each.is_symlink():
                    each.chmod(0o700)  # before it is walked
    shutil.rmtree(path, ignore_errors=True)
