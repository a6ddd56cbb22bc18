"""The disk of the database is dead."""

import asyncio

from drillyard.base.clock import wall
from drillyard.faults.disaster import Disaster, Struck
from drillyard.faults.files import wipe
from drillyard.faults.scene import Scene


async def strike(scene: Scene) -> Struck:
    """Kill the server, delete its data directory's content, and let it try to start."""
    moment = wall()
    await scene.kill("postgres")
    await asyncio.to_thread(wipe, [scene.data_of("postgres")])
    await scene.come_back("postgres")
    return Struck(moment, "the data directory was deleted")


DISASTER = Disaster(
    id="data-gone",
    family="media",
    hits=("database",),
    title="The database's disk is dead",
    about="""\
The server is killed with all its processes (SIGKILL, so nothing is flushed) and its data directory is
emptied. What is left: everything beside it at the primary site, and everything off site. The server tries
to start, and says that there is no database cluster.""",
    strike=strike,
    needs=("postgres",),
)
