"""Serving an ASGI application from a process of the shop's own making, without uvicorn's signal handling."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Iterator

import uvicorn
import uvicorn.lifespan.off  # by name at the start otherwise: a forked child may not be able to read it then
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

TICK_S = 1.0
"""How often the Date header is renewed; uvicorn's own loop wakes ten times as often, idle or not."""

_RENEW = 0
"""The count at which uvicorn's tick renews the Date header."""


class QuietServer(uvicorn.Server):
    """A server that is told to stop by `stop()` alone: signals belong to the process."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Take no new connections, finish what is in work, then end `serve()`."""
        self.should_exit = True
        self._stopping.set()

    async def main_loop(self) -> None:
        """Wait for `stop()`, keeping the Date header right."""
        while not await self.on_tick(_RENEW):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), TICK_S)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield


def make_server(app: ASGIApp, host: str, port: int, *, graceful_timeout_s: int = 2) -> QuietServer:
    """A server for `app`. Log lines go where the process sends them; requests are not logged."""
    return QuietServer(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            loop="none",
            http=HttpToolsProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=graceful_timeout_s,
        )
    )


def stop_event() -> asyncio.Event:
    """An event that SIGTERM or SIGINT sets; SIGHUP is ignored. Call it inside the event loop."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stop.set)
    loop.add_signal_handler(signal.SIGHUP, lambda: None)
    return stop


async def serve_until(
    server: QuietServer, stop: asyncio.Event, sockets: list[socket.socket] | None = None
) -> None:
    """Serve until `stop` is set, then let requests finish; bounded by the server's graceful timeout.

    `sockets` are bound already; without them the server binds its own address.

    Raises:
        SystemExit: the address is taken (uvicorn has logged it).
    """
    serving = asyncio.create_task(server.serve(sockets))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    server.stop()
    await serving
