"""`python -m drillyard.drill.daemon DIRECTORY`: the process that owns one drill.

The range comes first: its processes are started before the HTTP server is even imported, because the learner
waits for the shop and not for us. SIGTERM (the machine goes down) stops the range in order and keeps the
drill as it was, so that the next command brings it back. Whatever else ends this process, the kernel lets go
of the lock, and the range's nursery ends everything with us.
"""

import asyncio
import importlib
import logging
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from drillyard.drill.engine import Engine
from drillyard.drill.places import Places, Record
from drillyard.drill.presence import Presence, listen
from drillyard.drill.spawn import ENDED_AS_SECOND
from drillyard.drill.store import Store


def main() -> int:
    """Run the daemon of the drill in the directory named on the command line."""
    places = Places(Path(sys.argv[1]))
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    presence = Presence.take(places)
    if presence is None:
        return ENDED_AS_SECOND
    try:
        asyncio.run(_run(places))
    finally:
        presence.leave()
    return 0


async def _run(places: Places) -> None:
    store = Store(places.store)
    try:
        engine = Engine(places, Record.read(places), store)
        ending = asyncio.Event()
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signum, ending.set)
        await engine.begin()
        server = asyncio.create_task(_serve(engine, places, ending))
        idle = asyncio.create_task(engine.idle())
        idle.add_done_callback(lambda _: ending.set())
        await asyncio.wait([server, asyncio.create_task(ending.wait())], return_when=asyncio.FIRST_COMPLETED)
        # First nobody is served any more, then everything ends: a new client starts the next daemon.
        ending.set()
        places.socket.unlink(missing_ok=True)
        await asyncio.gather(server, return_exceptions=True)
        idle.cancel()
        await engine.end()
        server.result()
    finally:
        store.close()


async def _serve(engine: Engine, places: Places, ending: asyncio.Event) -> None:
    """Serve the API until `ending`.

    Its modules are imported here, in a thread, while the range starts (see above).
    """
    app, uvicorn = await asyncio.to_thread(_import_server)

    class _Server(uvicorn.Server):  # type: ignore[misc,name-defined]  # a class of a module imported late
        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

    config = uvicorn.Config(
        app.build(engine), lifespan="off", log_config=None, access_log=False, timeout_graceful_shutdown=1
    )
    server = _Server(config)

    async def stop_serving() -> None:
        await ending.wait()
        server.should_exit = True

    stopping = asyncio.create_task(stop_serving())
    with listen(places) as listener:
        await server.serve(sockets=[listener])
    stopping.cancel()


def _import_server() -> tuple[ModuleType, ModuleType]:
    return importlib.import_module("drillyard.drill.app"), importlib.import_module("uvicorn")


if __name__ == "__main__":
    raise SystemExit(main())
