"""Everything that a compromised host could write to is encrypted."""

import asyncio
import os
from pathlib import Path

from drillyard.faults.disaster import Disaster, Scene, Struck, files_below, now

_CHUNK = 1 << 20
NOTE = "YOUR FILES ARE ENCRYPTED. Pay, or restore from a place that this host cannot write to.\n"


async def strike(scene: Scene) -> Struck:
    """Overwrite the database and everything at the primary site with noise."""
    sites = scene.host.sites
    await scene.kill("postgres")
    directories = (scene.data_of("postgres"), sites.backups, sites.archive, sites.config)
    struck = now("the database and everything at the primary site were encrypted")
    await asyncio.to_thread(_encrypt, files_below(*directories))
    for directory in directories:
        if directory.is_dir():
            (directory / "READ-ME").write_text(NOTE, encoding="utf-8")
    await scene.come_back("postgres")
    return struck


def _encrypt(files: list[Path]) -> None:
    for file in files:
        left = file.stat().st_size
        with file.open("r+b") as opened:
            while left > 0:
                left -= opened.write(os.urandom(min(left, _CHUNK)))
        file.rename(file.with_name(f"{file.name}.locked"))


DISASTER = Disaster(
    id="ransom",
    title="Database and backups are encrypted",
    takes="backup",
    about="""\
The server is killed; every file of the data directory, of `$BACKUPS`, `$ARCHIVE` and `$CONFIG` is
overwritten with random bytes and renamed to `*.locked`, and a note lies beside them. What is left is what
lies off site (`$OFFSITE`, the standby).""",
    strike=strike,
    needs=("postgres",),
)
