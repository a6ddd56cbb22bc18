"""One kept-alive HTTP/1.1 connection, one request at a time, as small as Python allows."""

import asyncio
from typing import Protocol, cast

import httptools

from drillyard.traffic.exchange import Exchange

MAX_BODY_BYTES = 8 * 1024 * 1024
"""No page of the shop comes near; more than this is cut off, so that an answer cannot fill the memory."""


class Owner(Protocol):
    """Who is told what happens on a connection."""

    def answered(self, connection: "Connection", status: int, body: bytes, *, keep: bool) -> None:
        """A whole answer is there."""

    def lost(self, connection: "Connection", *, partial: bool) -> None:
        """The connection is gone; `partial` says that bytes of an unfinished answer had come."""


class Connection(asyncio.Protocol):
    """Feeds what arrives to httptools and hands whole answers to its owner."""

    __slots__ = ("_body", "_feed", "_owner", "_parser", "_rest", "exchange", "partial", "transport", "used")

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._parser = httptools.HttpResponseParser(self)
        self._feed = self._parser.feed_data
        self._body = b""
        self._rest: list[bytes] | None = None
        self.transport: asyncio.Transport | None = None
        self.exchange: Exchange | None = None
        self.partial = False
        self.used = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Parse; anything that is not HTTP ends the connection."""
        self.partial = True
        try:
            self._feed(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.abort()

    def on_body(self, piece: bytes) -> None:
        """A piece of the body; usually the only one."""
        if not self._body:
            self._body = piece
            return
        if self._rest is None:
            self._rest = [self._body]
        self._rest.append(piece)
        if len(self._rest) % 64 == 0 and sum(map(len, self._rest)) > MAX_BODY_BYTES:
            self.abort()

    def on_message_complete(self) -> None:
        """The answer is whole."""
        parser = self._parser
        status = parser.get_status_code()
        if status < 200:
            return
        body = self._body if self._rest is None else b"".join(self._rest)
        self._body = b""
        self._rest = None
        self.partial = False
        self.used = True
        self._owner.answered(self, status, body, keep=parser.should_keep_alive())

    def connection_lost(self, exc: Exception | None) -> None:
        """The other side, or we, closed."""
        self._owner.lost(self, partial=self.partial)

    def abort(self) -> None:
        """Close at once."""
        if self.transport is not None:
            self.transport.abort()
