"""The newest backup cannot be read when it is needed."""

import asyncio
import os
import re
from collections.abc import Iterator
from pathlib import Path

from drillyard.faults.disaster import Disaster, Struck
from drillyard.faults.disasters import data_gone
from drillyard.faults.files import plain_files
from drillyard.faults.scene import Scene

_LEAST_BYTES = 4096
_SPOILT = 1024
_OF_A_BACKUP = ("backup_label", "backup_manifest", "toc.dat")
"""What lies in a base backup (PostgreSQL 18, pg_basebackup) or in the directory of a dump (pg_dump -Fd)."""
_DUMP = re.compile(r"\.(sql|dump|dmp|pgdump|backup|tar|tgz)(\.(gz|zst|lz4|xz|bz2))?$")

_OF_THE_LOG = re.compile(r"^[0-9A-F]{24}")
"""The archive has a file `<segment>.<offset>.backup` for each base backup, which is none."""


async def strike(scene: Scene) -> Struck:
    """Garble the newest backup at each site, then take the database."""
    sites = scene.host.sites
    spoilt = [await asyncio.to_thread(_spoil, scene, place) for place in (sites.backups, sites.offsite)]
    names = ", ".join(name for name in spoilt if name)
    struck = await data_gone.strike(scene)
    what = f"the newest backup was garbled ({names})" if names else "there was no backup to garble"
    return Struck(struck.moment, f"{what}, then {struck.detail}")


def _spoil(scene: Scene, place: Path) -> str:
    """The backup that was written to last gets noise in the middle of its large files; its name, if any."""
    written: dict[Path, float] = {}
    for backup, when in _backups(place):
        written[backup] = max(when, written.get(backup, 0.0))
    if not written:
        return ""
    newest = max(written, key=lambda backup: written[backup])
    for file in plain_files(place):
        if file.path != newest and newest not in file.path.parents:
            continue
        if (descriptor := file.open()) < 0:
            continue
        with os.fdopen(descriptor, "r+b") as opened:
            size = os.fstat(descriptor).st_size
            if size >= _LEAST_BYTES:
                opened.seek(size // 2)
                opened.write(scene.chance.randbytes(_SPOILT))
    return f"{place.name}/{newest.relative_to(place)}"


def _backups(place: Path) -> Iterator[tuple[Path, float]]:
    """Each backup in a place, and when something of it was written: a directory that has what a base backup
    or a dump has, or a file that is called like a dump or an archive.
    """
    files = [(file.path, os.stat(file.name, dir_fd=file.directory)) for file in plain_files(place)]
    sets = {path.parent for path, _ in files if path.name in _OF_A_BACKUP}
    for path, status in files:
        owner = next((one for one in sets if one in path.parents), None)
        if owner is not None:
            yield owner, status.st_mtime
        elif _DUMP.search(path.name) and not _OF_THE_LOG.match(path.name):
            yield path, status.st_mtime


DISASTER = Disaster(
    id="backup-unreadable",
    family="media",
    hits=("database", "site"),
    title="The newest backup is unreadable",
    about="""\
The backup that was written last, at each site, gets a kilobyte of noise in the middle of every file of 4 KB
and more; then the database's disk dies. `pg_verifybackup` tells such a backup from a good one before it is
needed, and the one before it with the log since then loses nothing.""",
    strike=strike,
    needs=("postgres",),
)
