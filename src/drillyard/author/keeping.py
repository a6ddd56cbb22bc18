"""What is kept of a drill that went otherwise than it must, before it is removed: what tells why."""

import os
import shutil
from pathlib import Path

_MOST_BYTES = 5_000_000
_NOT_KEPT = frozenset({"base", "pg_wal", "__pycache__"})
"""Directories of a database's rows and log, and of what Python compiles: large, and they tell nothing."""


def keep(drill: Path, place: Path, why: str) -> None:
    """Copy the workspace, the records and the logs below `drill` to `place`, which is replaced; `why.txt`
    there holds `why`.

    Files above 5 MB, links, sockets and pipes are left out, and so is what cannot be read or is gone by then:
    the range still runs.
    """
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    (place / "why.txt").write_text(f"{why}\n")
    for root, directories, files in os.walk(drill):  # which passes over what is gone by then
        directories[:] = [name for name in directories if name not in _NOT_KEPT]
        for path in (Path(root) / name for name in files):
            _copy(path, place / path.relative_to(drill))


def _copy(source: Path, target: Path) -> None:
    try:
        if source.is_symlink() or not source.is_file() or source.stat().st_size > _MOST_BYTES:
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    except OSError:
        return  # gone meanwhile, or not ours to read
