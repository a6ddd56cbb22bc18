"""Unpacking archives that strangers made: bounded in size and number, and never outside their directory.

Refused are absolute and parent paths, links, devices, duplicate names, names that are not plain ASCII, and
archives that hold or unpack to more than a pack needs. Sizes are counted while they are read: headers lie.
"""

import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from drillyard.base.errors import UserError

MOST_FILES = 2_000
MOST_BYTES = 32 * 1024 * 1024
LONGEST_PATH = 240
DEEPEST = 12
ARCHIVE_BYTES = 64 * 1024 * 1024
_CHUNK = 64 * 1024
_BROKEN = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    ValueError,
    RuntimeError,
    NotImplementedError,
)
"""What the readers of the standard library raise for archives that are damaged or not what they say."""


class PackRefusedError(UserError):
    """A pack is not taken; nothing of it was kept."""


def refused(
    what: str, where: str, next_step: str = "Ask whoever made it for a plain one."
) -> PackRefusedError:
    """A `PackRefusedError` that says what and where."""
    return PackRefusedError(what, where=where, next_step=next_step)


@dataclass
class Bounds:
    """Counts what a pack holds and refuses what is too much or has a name that leads elsewhere."""

    where: str
    files: int = 0
    bytes: int = 0
    seen: set[str] = field(default_factory=set)

    def entry(self, name: str) -> PurePosixPath:
        """One more file or directory; its path, safe to be joined to a directory."""
        self.files += 1
        if self.files > MOST_FILES:
            raise refused(f"it holds more than {MOST_FILES} files", self.where)
        path = PurePosixPath(name)
        drive = name[1:2] == ":" and name[:1].isalpha()
        if path.is_absolute() or drive or ".." in path.parts or "\\" in name:
            raise refused(f"the path {_shown(name)} leads out of it", self.where)
        if not name.isprintable() or not name.isascii():
            raise refused(f"the path {_shown(name)} is not plain ASCII", self.where)
        if len(name) > LONGEST_PATH or len(path.parts) > DEEPEST:
            raise refused(f"the path {_shown(name)} is too long", self.where)
        if not path.parts:
            return path
        if (folded := str(path).lower()) in self.seen:
            raise refused(f"it holds {_shown(name)} twice", self.where)
        self.seen.add(folded)
        return path

    def add(self, count: int) -> None:
        """So many bytes more."""
        self.bytes += count
        if self.bytes > MOST_BYTES:
            raise refused(f"it holds more than {MOST_BYTES // 2**20} MB", self.where)


def unpack(archive: Path, into: Path) -> None:
    """Unpack a .zip or .tar (also .gz, .bz2, .xz) into the empty directory `into`.

    Raises:
        PackRefusedError: it is no such archive, damaged, or holds what a pack may not.
    """
    where = str(archive)
    bounds = Bounds(where)
    try:
        if archive.stat().st_size > ARCHIVE_BYTES:
            raise refused(f"the archive is larger than {ARCHIVE_BYTES // 2**20} MB", where)
        if zipfile.is_zipfile(archive):
            _unzip(archive, into, bounds)
        else:
            _untar(archive, into, bounds)
    except _BROKEN as error:
        next_step = "A pack is a folder, a .zip or a .tar (.gz, .bz2, .xz)."
        raise refused(f"it is no archive that can be read: {error}", where, next_step) from error


def _unzip(archive: Path, into: Path, bounds: Bounds) -> None:
    with zipfile.ZipFile(archive) as opened:
        for info in opened.infolist():
            mode = info.external_attr >> 16
            path = bounds.entry(info.filename)
            if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise refused(f"{_shown(info.filename)} is a link or a device", bounds.where)
            if info.flag_bits & 1:
                raise refused(f"{_shown(info.filename)} is encrypted", bounds.where)
            if info.is_dir():
                (into / path).mkdir(parents=True, exist_ok=True)
                continue
            with opened.open(info) as source:
                _write(source, into / path, bounds, executable=bool(mode & 0o100))


def _untar(archive: Path, into: Path, bounds: Bounds) -> None:
    with _tar(archive) as opened:
        for member in opened:
            path = bounds.entry(member.name)
            if member.isdir():
                (into / path).mkdir(parents=True, exist_ok=True)
                continue
            if not member.isreg():
                raise refused(f"{_shown(member.name)} is a link or a device", bounds.where)
            if member.size > MOST_BYTES:
                bounds.add(member.size)
            source = opened.extractfile(member)
            if source is not None:
                _write(source, into / path, bounds, executable=bool(member.mode & 0o100))


@contextmanager
def _tar(archive: Path) -> Iterator[tarfile.TarFile]:
    """As a stream: nothing is read that was not counted."""
    with tarfile.open(archive, mode="r|*", errorlevel=2) as opened:
        yield opened


def _write(source: IO[bytes], path: Path, bounds: Bounds, *, executable: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        while chunk := source.read(_CHUNK):
            bounds.add(len(chunk))
            file.write(chunk)
    path.chmod(0o755 if executable else 0o644)


def _shown(name: str) -> str:
    return ascii(name if len(name) <= 80 else f"{name[:80]}...")
