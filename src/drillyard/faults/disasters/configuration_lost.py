"""Hosts without their configuration."""

import asyncio

from drillyard.base.clock import wall
from drillyard.faults.disaster import Disaster, Struck
from drillyard.faults.files import wipe
from drillyard.faults.scene import Scene

_STRUCK = ("haproxy", "postgres", "valkey")


async def strike(scene: Scene) -> Struck:
    """Delete the configuration of the servers and the copy at the primary site; they are restarted."""
    moment = wall()
    directories = [scene.config_of(name) for name in _STRUCK]
    await asyncio.to_thread(wipe, [*directories, scene.host.sites.config])
    for name in _STRUCK:
        await scene.kill(name)
    for name in _STRUCK:
        await scene.come_back(name)
    return Struck(moment, f"the configuration of {', '.join(_STRUCK)} was deleted, and they were restarted")


DISASTER = Disaster(
    id="configuration-lost",
    family="site",
    hits=("configuration",),
    title="The configuration of the servers is gone",
    about="""\
The configuration of HAProxy, PostgreSQL and Valkey on their hosts is deleted, with the copy in `$CONFIG`,
and they are restarted, as hosts that were set up anew by mistake. None comes up. `shopctl apply
DIRECTORY` puts a copy in force, `drill apply` the workspace; a copy of yesterday brings yesterday's
mistakes back.""",
    strike=strike,
    needs=("haproxy",),
)
