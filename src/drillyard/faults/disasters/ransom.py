"""Everything that a compromised host could write to is encrypted."""

import asyncio
import os
from pathlib import Path

from drillyard.base.clock import wall
from drillyard.faults.disaster import Disaster, Struck
from drillyard.faults.files import plain_files
from drillyard.faults.scene import Scene

_CHUNK = 1 << 20


async def strike(scene: Scene) -> Struck:
    """Overwrite the database and everything at the primary site with noise."""
    sites, moment = scene.host.sites, wall()
    await scene.kill("postgres")
    directories = (scene.data_of("postgres"), sites.backups, sites.archive, sites.config, sites.home)
    await asyncio.to_thread(_encrypt, directories)
    await scene.come_back("postgres")
    return Struck(moment, "the database and everything at the primary site were encrypted")


def _encrypt(directories: tuple[Path, ...]) -> None:
    for file in plain_files(*directories):
        if (descriptor := file.open()) < 0:
            continue
        with os.fdopen(descriptor, "r+b") as opened:
            left = os.fstat(descriptor).st_size
            while left > 0:
                left -= opened.write(os.urandom(min(left, _CHUNK)))
        file.rename(f"{file.name}.locked")


DISASTER = Disaster(
    id="ransom",
    family="site",
    hits=("database", "site"),
    title="Database and backups are encrypted",
    about="""\
The server is killed; every file of the data directory, of `$BACKUPS`, `$ARCHIVE`, `$CONFIG` and `$HOME`
is overwritten with random bytes and renamed to `*.locked`. What is left is what lies off site
(`$OFFSITE`, the standby).""",
    strike=strike,
    needs=("postgres",),
)
