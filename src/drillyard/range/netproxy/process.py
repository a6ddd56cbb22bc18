"""The process of a range's network: proxies as a file lists them, and the API to poison them."""

import asyncio
import json
import signal
from pathlib import Path

import uvicorn
import uvloop

from drillyard.range.netproxy.api import Api


def run(*, links: str, listen: str) -> None:
    """Proxy until SIGTERM.

    `links` is a file with a list of proxies (`name`, `listen`, `upstream`), read again at SIGHUP; `listen`
    (`host:port`) is where the API answers, once every proxy listens.

    Raises:
        OSError: an address is taken.
    """
    uvloop.run(_serve(Path(links), listen))


async def _serve(links: Path, listen: str) -> None:
    host, _, port = listen.rpartition(":")
    api = Api()
    known = await _take(api, links, frozenset())
    again = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, again.set)
    config = uvicorn.Config(
        api.app(), host=host, port=int(port), lifespan="off", log_level="warning", access_log=False
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    taking = asyncio.create_task(_retake(api, links, known, again))
    await serving
    taking.cancel()
    await api.stop()


async def _retake(api: Api, links: Path, known: frozenset[str], again: asyncio.Event) -> None:
    while True:
        await again.wait()
        again.clear()
        try:
            known = await _take(api, links, known)
        except (OSError, ValueError) as error:
            print(f"links not taken: {error}", flush=True)


async def _take(api: Api, links: Path, before: frozenset[str]) -> frozenset[str]:
    """Have a proxy for each link of the file, and none for a link that was in it `before` and is not now."""
    wanted = {each["name"]: each for each in json.loads(await asyncio.to_thread(links.read_text))}
    for name in before - wanted.keys():
        if proxy := api.proxies.pop(name, None):
            await proxy.stop()
    for name, each in wanted.items():
        if name not in api.proxies:
            await api.put(each)
    print(f"{len(wanted)} links", flush=True)
    return frozenset(wanted)
