"""Damage to files that the service account owns, done by whoever runs the range, and following no link.

The account may put a link to anything where a directory or a file was, also while we are at it: directories
are opened without following one, and everything below is reached from there (openat(2)).
"""

import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True)
class Plain:
    """A plain file below a directory: the directory it is in, open while it is looked at, and its name."""

    directory: int
    name: str
    path: Path

    def open(self) -> int:
        """A descriptor to read and write by; -1 when it is not there any more, or no plain file."""
        flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with suppress(OSError):
            descriptor = os.open(self.name, flags, dir_fd=self.directory)
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                return descriptor
            os.close(descriptor)
        return -1

    def empty(self) -> None:
        """Take all that is in it, where it belongs to whom its directory does."""
        if (descriptor := self.open()) < 0:
            return
        with suppress(OSError):
            if os.fstat(descriptor).st_uid == os.fstat(self.directory).st_uid:
                os.ftruncate(descriptor, 0)
        os.close(descriptor)

    def rename(self, name: str) -> None:
        """Give it another name in the same directory."""
        with suppress(OSError):
            os.rename(self.name, name, src_dir_fd=self.directory, dst_dir_fd=self.directory)


def wipe(directories: Iterable[Path]) -> None:
    """Delete all that lies in these directories, and leave them; one that is a link is left alone.

    Files are emptied first: a second name elsewhere, or a process that has one open, does not save it.
    """
    for path in directories:
        with suppress(OSError):
            directory = os.open(path, _DIRECTORY)
            try:
                _empty(directory)
                for name in os.listdir(directory):
                    _delete(directory, name)
            finally:
                os.close(directory)


def _empty(directory: int) -> None:
    """All files below, where they belong to whom their directory does."""
    for _, _, names, descriptor in os.fwalk(".", dir_fd=directory, follow_symlinks=False):
        for name in names:
            Plain(descriptor, name, Path(name)).empty()


def _delete(directory: int, name: str) -> None:
    with suppress(OSError):
        if stat.S_ISDIR(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode):
            shutil.rmtree(name, ignore_errors=True, dir_fd=directory)
        else:
            os.unlink(name, dir_fd=directory)


def plain_files(*directories: Path) -> Iterator[Plain]:
    """All plain files below these directories; each is good for as long as it is the newest one given."""
    for top in directories:
        if top.is_symlink():
            continue
        for folder, _, names, descriptor in os.fwalk(top, follow_symlinks=False):
            for name in names:
                with suppress(OSError):
                    if stat.S_ISREG(os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_mode):
                        yield Plain(descriptor, name, Path(folder, name))


def set_mode(path: Path, mode: int) -> bool:
    """Change a directory's mode; False where there is none (a link is left alone)."""
    try:
        directory = os.open(path, _DIRECTORY)
    except OSError:
        return False
    try:
        os.fchmod(directory, mode)
    finally:
        os.close(directory)
    return True
