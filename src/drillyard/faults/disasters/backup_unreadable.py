"""The newest backup cannot be read when it is needed."""

import asyncio
from pathlib import Path

from drillyard.faults.disaster import Disaster, Scene, Struck, files_below
from drillyard.faults.disasters import data_gone

_LEAST_BYTES = 4096
_SPOILT = 1024


async def strike(scene: Scene) -> Struck:
    """Garble the newest backup at each site, then take the database."""
    sites = scene.host.sites
    spoilt = await asyncio.to_thread(_spoil, scene, (sites.backups, sites.offsite))
    struck = await data_gone.strike(scene)
    what = (
        f"the newest backup was garbled ({', '.join(spoilt)})" if spoilt else "there was no backup to garble"
    )
    return Struck(struck.moment, f"{what}, then {struck.detail}")


def _spoil(scene: Scene, places: tuple[Path, ...]) -> list[str]:
    """In each place the entry that was written to last; its large files get noise in their middle."""
    spoilt = []
    for place in places:
        entries = [(_written(entry), entry) for entry in place.iterdir()] if place.is_dir() else []
        large = [(when, entry) for when, entry in entries if _large(entry)]
        if not large:
            continue
        _, newest = max(large)
        for file in _large(newest):
            middle = file.stat().st_size // 2
            with file.open("r+b") as opened:
                opened.seek(middle)
                opened.write(scene.chance.randbytes(_SPOILT))
        spoilt.append(f"{place.name}/{newest.name}")
    return spoilt


def _large(entry: Path) -> list[Path]:
    files = files_below(entry) if entry.is_dir() else [entry]
    return [file for file in files if file.is_file() and file.stat().st_size >= _LEAST_BYTES]


def _written(entry: Path) -> float:
    return max([entry.stat().st_mtime, *(file.stat().st_mtime for file in files_below(entry))])


DISASTER = Disaster(
    id="backup-unreadable",
    title="The newest backup is unreadable",
    takes="backup",
    about="""\
The backup that was written last, at each site, gets a kilobyte of noise in the middle of every file of 4
KB and more; then the database's disk dies. `pg_verifybackup` tells such a backup from a good one before
it is needed, and the one before it with the log since then loses nothing.""",
    strike=strike,
    needs=("postgres",),
)
