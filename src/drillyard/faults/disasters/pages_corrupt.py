"""Pages of a table that the disk gives back wrong."""

import asyncio
from pathlib import Path

from drillyard.faults.disaster import Disaster, Scene, Struck, now

PAGE = 8192
SHARE = 0.1
"""So many of the pages: enough that customers meet one within seconds."""
_TABLES = ("products", "order_lines", "reviews")


async def strike(scene: Scene) -> Struck:
    """Find the file of a table, stop the server hard, garble pages, and let it start."""
    table = scene.chance.choice(_TABLES)
    ((found,),) = await scene.sql("CHECKPOINT", f"SELECT pg_relation_filepath('public.{table}')")
    file = scene.data_of("postgres") / str(found)
    await scene.kill("postgres")
    garbled = await asyncio.to_thread(_garble, scene, file)
    struck = now(f"{garbled} pages of the table {table} were garbled")
    await scene.come_back("postgres")
    return struck


def _garble(scene: Scene, file: Path) -> int:
    """Not the first page: then not even a sequential scan would begin."""
    pages = file.stat().st_size // PAGE
    chosen = scene.chance.sample(range(1, pages), max(1, int(pages * SHARE))) if pages > 1 else [0]
    with file.open("r+b") as opened:
        for page in chosen:
            opened.seek(page * PAGE + 64)
            opened.write(scene.chance.randbytes(512))
    return len(chosen)


DISASTER = Disaster(
    id="pages-corrupt",
    title="Pages of a table are corrupt",
    takes="pages",
    about="""\
The server is killed, 512 bytes in a tenth of the pages of `products`, `order_lines` or `reviews` are
overwritten with random ones, and the server starts again. It runs with data checksums: whoever reads such
a page is told of invalid pages, everybody else is served. `zero_damaged_pages` makes the errors go away,
and the rows too.""",
    strike=strike,
    needs=("postgres",),
)
