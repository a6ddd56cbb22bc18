"""The primary site is gone."""

import asyncio

from drillyard.base.clock import wall
from drillyard.faults.disaster import Disaster, Struck
from drillyard.faults.files import wipe
from drillyard.faults.scene import Scene

_SERVERS = ("haproxy", "postgres", "valkey")


async def strike(scene: Scene) -> Struck:
    """Kill everything at the primary site and delete its data, its storage and its configuration."""
    sites, moment = scene.host.sites, wall()
    for name in _SERVERS:
        await scene.kill(name)
    gone = [
        *(scene.data_of(name) for name in _SERVERS),
        *(scene.config_of(name) for name in _SERVERS),
        sites.backups,
        sites.archive,
        sites.config,
        sites.home,
    ]
    await asyncio.to_thread(wipe, gone)
    for name in _SERVERS:
        await scene.come_back(name)
    return Struck(moment, "the whole primary site was lost")


DISASTER = Disaster(
    id="site-lost",
    family="site",
    hits=("database", "site"),
    title="The primary site is gone",
    about="""\
PostgreSQL, Valkey and HAProxy are killed, their data and configuration deleted, and with them everything
at the primary site: `$BACKUPS`, `$ARCHIVE`, `$CONFIG` and `$HOME`. Empty hosts in the same place are what
you get to rebuild on. What is left is what lies off site: `$OFFSITE`, the standby, and whatever of the
configuration you put there.""",
    strike=strike,
    needs=("postgres",),
)
