"""A proxy: listens, connects each client to the upstream, and has toxics on both directions."""

import asyncio
import ipaddress
import random
import socket
import struct
from contextlib import suppress
from functools import partial
from typing import Any, cast

from drillyard.range.netproxy.flow import Flow
from drillyard.range.netproxy.stages import Stage, stage_of
from drillyard.range.netproxy.toxics import Stream, Toxic

CONNECT_S = 5.0
_NO_LINGER = struct.pack("ii", 1, 0)


class AddressError(ValueError):
    """An address is not `host:port` on this machine's loopback."""


def address(text: str) -> tuple[str, int]:
    """`host:port`, on the loopback.

    Raises:
        AddressError: it is something else; nothing but this machine's own servers is proxied.
    """
    host, separator, port = text.rpartition(":")
    host = "127.0.0.1" if host in ("localhost", "") else host.strip("[]")
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = False
    if not separator or not port.isdecimal() or int(port) > 65535 or not local:
        raise AddressError(f"{text!r} is no address on the loopback, such as 127.0.0.1:6379")
    return host, int(port)


class Link:
    """One client and its connection to the upstream."""

    def __init__(self, proxy: "Proxy", client: asyncio.Transport) -> None:
        self._proxy = proxy
        self._ends: dict[Stream, asyncio.Transport] = {"upstream": client}
        self._flows: dict[Stream, Flow] = {}
        self._applied: dict[str, Stage] = {}
        self._spared: set[str] = set()
        self._luck = random.random()
        self._early: dict[Stream, bytearray] = {}
        self._early_ends: set[Stream] = set()
        self._over = False
        self._open: set[Stream] = {"upstream", "downstream"}
        """Directions whose end has not been passed on."""
        self._ending: set[Stream] = set()
        """Those of them that will bring nothing more."""

    @property
    def closing(self) -> bool:
        """Whether one side has closed it, and the other has not been told yet.

        A side that was told may keep it open, as a pool does with what it does not look at.
        """
        return bool(self._ending)

    async def open(self) -> None:
        """Connect to the upstream; a client whom nobody answers is reset."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_S):
                host, port = address(self._proxy.upstream)
                transport, _ = await loop.create_connection(lambda: _End(self, "downstream"), host, port)
        except (OSError, TimeoutError):
            self.reset()
            return
        if self._over:
            transport.abort()
            return
        client, server = self._ends["upstream"], transport
        self._ends["downstream"] = server
        self._flows = {
            "upstream": Flow(client, server, partial(self._passed, "upstream")),
            "downstream": Flow(server, client, partial(self._passed, "downstream")),
        }
        self.apply()
        for stream, flow in self._flows.items():
            if early := self._early.pop(stream, None):
                flow.feed(bytes(early))
            if stream in self._early_ends:
                flow.end()

    def apply(self) -> None:
        """Bring the stages into line with the proxy's toxics. A connection is drawn once for all of them, so
        that one with a toxic on both ways has both or none.
        """
        toxics = self._proxy.toxics
        for name in [name for name in self._applied if name not in toxics]:
            self._applied.pop(name).removed()
        self._spared &= toxics.keys()
        for name, toxic in toxics.items():
            if name in self._applied or name in self._spared:
                continue
            if self._luck < toxic.toxicity:
                self._applied[name] = stage_of(toxic.attributes, self)
            else:
                self._spared.add(name)
        for stream, flow in self._flows.items():
            flow.change([s for name, s in self._applied.items() if toxics[name].stream == stream])

    def renew(self, name: str) -> None:
        """A toxic has other attributes: it begins anew."""
        if stage := self._applied.pop(name, None):
            stage.removed()
        self._spared.discard(name)

    def came(self, stream: Stream, data: bytes) -> None:
        """Data of one direction; whoever sends to one that is gone is told so, as by the kernel."""
        if self._flows and _other(stream) not in self._ends:
            self.reset()
        elif flow := self._flows.get(stream):
            flow.feed(data)
        else:
            self._early.setdefault(stream, bytearray()).extend(data)

    def _passed(self, stream: Stream) -> None:
        """The end of one direction went through: after both there is nothing left to carry."""
        self._open.discard(stream)
        self._ending.discard(stream)
        if not self._open:
            self.close()

    def ended(self, stream: Stream) -> None:
        """One direction will bring nothing more."""
        self._ending.add(stream)
        if flow := self._flows.get(stream):
            flow.end()
        else:
            self._early_ends.add(stream)

    def lost(self, stream: Stream) -> None:
        """One end is gone: what is under way to the other still goes there, in its own time."""
        if self._over:
            return
        self._ending |= {stream} & self._open
        if flow := self._flows.get(stream):
            flow.end()
        self._ends.pop(stream, None)
        if other := self._flows.get(_other(stream)):
            other.sink_free()  # nobody waits for one that is gone: who sends to it is to be heard
        if not self._ends or not self._flows:
            self.close()

    def full(self, stream: Stream, *, full: bool) -> None:
        """The end that sends `stream` takes nothing for now, or does again."""
        if flow := self._flows.get(_other(stream)):
            (flow.sink_full if full else flow.sink_free)()

    def close(self) -> None:
        """End it on both sides, once what was written is through."""
        self._end(lambda transport: transport.close())

    def reset(self) -> None:
        """End it by a reset on both sides."""
        self._end(_reset)

    def _end(self, how: Any) -> None:
        if self._over:
            return
        self._over = True
        for flow in self._flows.values():
            flow.stop()
        for transport in self._ends.values():
            how(transport)
        self._proxy.links.discard(self)


def _other(stream: Stream) -> Stream:
    return "downstream" if stream == "upstream" else "upstream"


def _reset(transport: asyncio.Transport) -> None:
    if (raw := transport.get_extra_info("socket")) is not None:
        with suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()


class _End(asyncio.Protocol):
    """One end of a link: what comes from here belongs to `stream`."""

    def __init__(self, link: Link, stream: Stream) -> None:
        self._link = link
        self._stream = stream

    def data_received(self, data: bytes) -> None:
        self._link.came(self._stream, data)

    def eof_received(self) -> bool:
        self._link.ended(self._stream)
        return True  # the other direction may go on

    def connection_lost(self, _: Exception | None) -> None:
        self._link.lost(self._stream)

    def pause_writing(self) -> None:
        self._link.full(self._stream, full=True)

    def resume_writing(self) -> None:
        self._link.full(self._stream, full=False)


class _Client(_End):
    """A client that has just come: its link is made when it is there."""

    def __init__(self, proxy: "Proxy") -> None:
        self._proxy = proxy
        self._opening: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        link = Link(self._proxy, cast(asyncio.Transport, transport))
        super().__init__(link, "upstream")
        self._proxy.links.add(link)
        self._opening = asyncio.get_running_loop().create_task(link.open())


class Proxy:
    """One proxy. `listen` and `upstream` are `host:port` on the loopback; port 0 takes a free one."""

    def __init__(self, name: str, listen: str, upstream: str) -> None:
        address(listen)
        address(upstream)
        self.name = name
        self.listen = listen
        self.upstream = upstream
        self.toxics: dict[str, Toxic] = {}
        self.links: set[Link] = set()
        self._server: asyncio.Server | None = None

    @property
    def enabled(self) -> bool:
        """Whether it listens."""
        return self._server is not None

    async def start(self) -> None:
        """Listen; nothing when it does already.

        Raises:
            OSError: the address is taken.
        """
        if self._server is not None:
            return
        host, port = address(self.listen)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Client(self), host, port, backlog=1024)
        _, port, *_ = self._server.sockets[0].getsockname()
        self.listen = f"{host}:{port}"

    async def stop(self) -> None:
        """Listen no more, and drop every connection."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        for link in list(self.links):
            link.close()
        await server.wait_closed()

    def put(self, toxic: Toxic) -> None:
        """Add a toxic, or change the one of that name."""
        changed = toxic.name in self.toxics
        self.toxics[toxic.name] = toxic
        for link in list(self.links):
            if changed:
                link.renew(toxic.name)
            link.apply()

    def remove(self, *names: str) -> None:
        """Remove toxics."""
        for name in names:
            self.toxics.pop(name, None)
        for link in list(self.links):
            link.apply()

    def shown(self) -> dict[str, Any]:
        """As the API shows it."""
        toxics = [toxic.model_dump() for toxic in self.toxics.values()]
        return {
            "name": self.name,
            "listen": self.listen,
            "upstream": self.upstream,
            "enabled": self.enabled,
            "toxics": toxics,
        }
