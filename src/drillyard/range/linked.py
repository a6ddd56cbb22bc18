"""Links that lead out of a place: what is lost there would be left elsewhere."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path


def linked_elsewhere(*places: Path) -> Path | None:
    """A plain file below these places that has another name outside of them (a hard link), or None.

    Links among the places are well, as rsync --link-dest makes them.
    """
    shared: dict[tuple[int, int], list[Path]] = {}
    wanted: dict[tuple[int, int], int] = {}
    for path, status in _entries(*places):
        if stat.S_ISREG(status.st_mode) and status.st_nlink > 1:
            key = status.st_dev, status.st_ino
            shared.setdefault(key, []).append(path)
            wanted[key] = status.st_nlink
    return next((paths[0] for key, paths in shared.items() if len(paths) < wanted[key]), None)


def leading_out(*places: Path) -> Path | None:
    """A symbolic link at or below these places whose target lies outside of them, or None.

    One that leads nowhere, or to a device, saves nothing.
    """
    tops = [place.resolve() for place in places]
    for place in places:
        if place.is_symlink():
            return place
    for path, status in _entries(*places):
        if stat.S_ISLNK(status.st_mode):
            target = Path(os.path.realpath(path))
            saved = target.is_file() or target.is_dir()
            if saved and not any(target.is_relative_to(top) for top in tops):
                return path
    return None


def _entries(*places: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Everything below these places, no link followed; what is gone meanwhile is left out."""
    for place in places:
        for folder, directories, names in os.walk(place):
            for name in (*directories, *names):
                path = Path(folder, name)
                try:
                    yield path, path.lstat()
                except OSError:
                    continue
