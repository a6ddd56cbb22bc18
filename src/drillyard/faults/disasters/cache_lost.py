"""A cache that is empty at the worst moment."""

import asyncio

from drillyard.base.clock import wall
from drillyard.faults.disaster import Disaster, Struck
from drillyard.faults.files import wipe
from drillyard.faults.scene import Scene


async def strike(scene: Scene) -> Struck:
    """Kill Valkey, delete what it kept on disk, and let it start empty."""
    moment = wall()
    await scene.kill("valkey")
    await asyncio.to_thread(wipe, [scene.data_of("valkey")])
    await scene.come_back("valkey")
    return Struck(moment, "Valkey was killed and its data were deleted")


DISASTER = Disaster(
    id="cache-lost",
    family="content",
    hits=("cache",),
    title="Cache and queues are gone",
    about="""\
Valkey is killed under load and its append-only file deleted; it starts empty. Every page is made from the
database until the cache is warm again, and the queues with all their jobs are gone: the shop hands over
again what its outbox says is not done. What has to be shown afterwards is that no job was lost and none
was done twice.""",
    strike=strike,
    needs=("valkey",),
)
