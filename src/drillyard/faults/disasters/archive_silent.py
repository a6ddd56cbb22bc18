"""An archive that has taken nothing for an hour when the database dies."""

import asyncio
import re
from pathlib import Path

from drillyard.faults.disaster import Disaster, Struck
from drillyard.faults.disasters import data_gone
from drillyard.faults.files import plain_files, set_mode
from drillyard.faults.scene import Scene

_SEGMENT = re.compile(r"^[0-9A-F]{24}")


async def strike(scene: Scene) -> Struck:
    """Close every directory that log was archived to, wait, and then take the database."""
    sites = scene.host.sites
    closed = await asyncio.to_thread(_archives, sites.root, sites.archive)
    try:
        for directory in closed:
            set_mode(directory, 0o500)
        await asyncio.sleep(scene.patience_s)
        struck = await data_gone.strike(scene)
    finally:
        for directory in closed:
            set_mode(directory, 0o700)
    return Struck(
        struck.moment, f"nothing could be archived for {scene.patience_s:.0f} s, then {struck.detail}"
    )


def _archives(root: Path, usual: Path) -> list[Path]:
    found = {file.path.parent for file in plain_files(root) if _SEGMENT.match(file.name)}
    return sorted(found | {usual})


DISASTER = Disaster(
    id="archive-silent",
    family="media",
    hits=("database", "site"),
    title="The archive took nothing, and nobody noticed",
    about="""\
Every directory that write-ahead log was archived to becomes read-only for a while (an hour of a real
shop; here a minute and a half): `archive_command` fails, `pg_stat_archiver.failed_count` rises, segments
pile up in `pg_wal`. Then the database's disk dies with them. Whoever relies on the archive alone has lost
what was sold since; whoever watches it, or has a second way, has not.""",
    strike=strike,
    needs=("postgres",),
)
