"""The shelf of parts, `cache()/parts/`: unpacked once, readable by the service account, then used offline.

Every part lies in `parts/<name>/<version>/` and is described by `parts/<name>/part.json`. Both are moved into
place whole and under a lock, so that two set-ups at once and a set-up killed half-way leave nothing broken.
"""

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from drillyard.base.errors import UserError
from drillyard.base.paths import cache
from drillyard.range.parts.part import Part


@dataclass(frozen=True)
class Entry:
    """What the shelf knows of a part: how to run it, and the identity of what it was made from."""

    part: Part
    identity: str


def place(name: str) -> Path:
    """The directory of one part."""
    return cache() / "parts" / name


def look(name: str) -> Entry | None:
    """The part on the shelf, or None when there is none or its program is gone."""
    try:
        stored = json.loads((place(name) / "part.json").read_text())
        part = Part(
            name=name,
            path=Path(stored["path"]),
            version=stored["version"],
            source=stored["source"],
            env=stored["env"],
            mounts=stored["mounts"],
            wrapper=tuple(stored["wrapper"]),
        )
        entry = Entry(part, stored["identity"])
    except (FileNotFoundError, ValueError, KeyError):
        return None
    needed = [part.path, *(Path(word) for word in part.wrapper[:1])]
    return entry if all(os.access(path, os.X_OK) for path in needed) else None


def put(name: str, identity: str, make: Callable[[Path], Part]) -> Part:
    """Have `make` fill an empty directory, and shelve the result. The caller holds `locked(name)`.

    What lies outside the directory (a program in PATH) is only described, not copied.
    """
    home = place(name)
    fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=home))
    try:
        part = make(fresh)
        _open_to_all(fresh)
        final = home / part.version
        if part.path.is_relative_to(fresh):
            if final.exists():
                _replace_aside(final, home)
            fresh.rename(final)
            part = _moved(part, fresh, final)
        _describe(part, identity)
        return part
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Only one process at a time fills one part's place.

    Raises:
        UserError: the cache cannot be written.
    """
    home = place(name)
    try:
        for directory in (cache(), cache() / "parts", home):
            if not directory.exists():
                directory.mkdir(parents=True, exist_ok=True)
                directory.chmod(0o755)
        lock = (home / ".lock").open("w")
    except OSError as error:
        raise UserError(
            f"Programs cannot be unpacked: {error.strerror}",
            where=str(home),
            next_step="Make it writable, or set DRILLYARD_CACHE to another directory.",
        ) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _replace_aside(final: Path, home: Path) -> None:
    """Programs that run from the old directory keep their open files; it only loses its name."""
    aside = Path(tempfile.mkdtemp(prefix=".old-", dir=home))
    final.rename(aside / "was")
    shutil.rmtree(aside, ignore_errors=True)


def _moved(part: Part, old: Path, new: Path) -> Part:
    def move(text: str) -> str:
        return text.replace(str(old), str(new))

    return Part(
        name=part.name,
        path=Path(move(str(part.path))),
        version=part.version,
        source=part.source,
        env={key: move(value) for key, value in part.env.items()},
        mounts={key: move(value) for key, value in part.mounts.items()},
        wrapper=tuple(move(word) for word in part.wrapper),
    )


def _describe(part: Part, identity: str) -> None:
    stored = {
        "path": str(part.path),
        "version": part.version,
        "source": part.source,
        "env": dict(part.env),
        "mounts": dict(part.mounts),
        "wrapper": list(part.wrapper),
        "identity": identity,
    }
    temporary = place(part.name) / ".part.json.new"
    temporary.write_text(json.dumps(stored, indent=2))
    temporary.chmod(0o644)
    temporary.replace(place(part.name) / "part.json")


def _open_to_all(directory: Path) -> None:
    directory.chmod(0o755)
    for parent, folders, files in os.walk(directory):
        for name in (*folders, *files):
            path = Path(parent, name)
            if not path.is_symlink():
                mode = path.stat().st_mode
                path.chmod(mode | 0o555 if mode & 0o100 else mode | 0o444)
