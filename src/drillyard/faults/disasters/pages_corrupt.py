"""Pages of a table that the disk gives back wrong."""

import asyncio
import os
from pathlib import Path

from drillyard.base.clock import wall
from drillyard.faults.disaster import Disaster, Struck
from drillyard.faults.files import plain_files
from drillyard.faults.scene import Scene

PAGE = 8192
SHARE = 0.1
"""So many of the pages: enough that customers meet one within seconds."""
_TABLES = ("products", "order_lines", "reviews")


async def strike(scene: Scene) -> Struck:
    """Find the file of a table, stop the server hard, garble pages, and let it start."""
    table = scene.chance.choice(_TABLES)
    where = f"SELECT pg_catalog.pg_relation_filepath('public.{table}'::pg_catalog.regclass)"
    ((found,),) = await scene.sql("CHECKPOINT", where)
    file = scene.data_of("postgres") / str(found)
    moment = wall()
    await scene.kill("postgres")
    garbled = await asyncio.to_thread(_garble, scene, file)
    await scene.come_back("postgres")
    return Struck(moment, f"{garbled} pages of the table {table} were garbled")


def _garble(scene: Scene, file: Path) -> int:
    """Not the first page: then not even a sequential scan would begin."""
    for each in plain_files(file.parent):
        if each.name == file.name and (descriptor := each.open()) >= 0:
            with os.fdopen(descriptor, "r+b") as opened:
                pages = range(1, max(2, os.fstat(descriptor).st_size // PAGE))
                chosen = scene.chance.sample(pages, max(1, int(len(pages) * SHARE)))
                for page in chosen:
                    opened.seek(page * PAGE + 64)
                    opened.write(scene.chance.randbytes(512))
            return len(chosen)
    return 0


DISASTER = Disaster(
    id="pages-corrupt",
    family="content",
    hits=("database",),
    title="Pages of a table are corrupt",
    about="""\
The server is killed, 512 bytes in a tenth of the pages of `products`, `order_lines` or `reviews` are
overwritten with random ones, and the server starts again. It runs with data checksums: whoever reads such
a page is told of invalid pages, everybody else is served. `zero_damaged_pages` makes the errors go away,
and the rows too.""",
    strike=strike,
    needs=("postgres",),
)
