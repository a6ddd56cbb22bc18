"""The connections to the shop: kept alive, at most so many, each with one request at a time.

What cannot be sent because all are busy is held in order, and sent when one is free: nothing is dropped.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from drillyard.base.clock import monotonic
from drillyard.traffic.connection import Connection
from drillyard.traffic.exchange import INDETERMINATE, REFUSED, Exchange, Verdict, judge


class Wire:
    """Sends exchanges and reports each one's end, exactly once, to `finished`."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        max_open: int,
        timeout_s: float,
        finished: Callable[[Exchange, Verdict], None],
    ) -> None:
        self._host, self._port = host, port
        self._max_open = max_open
        self._timeout_s = timeout_s
        self._finished = finished
        self._loop = asyncio.get_running_loop()
        self._idle: list[Connection] = []
        self._open = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False
        self.t0 = monotonic()
        self.in_flight: dict[Exchange, Connection | None] = {}
        self.held: deque[Exchange] = deque()

    def send(self, exchange: Exchange, now: float) -> bool:
        """Send, on a new connection when none is idle; False when it has to be held."""
        if self._idle:
            self._write(exchange, self._idle.pop(), now)
        elif self._open < self._max_open:
            self._open += 1
            exchange.sent = now
            self.in_flight[exchange] = None
            task = self._loop.create_task(self._connect(exchange))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            self.held.append(exchange)
            return False
        return True

    def _write(self, exchange: Exchange, connection: Connection, now: float) -> None:
        exchange.sent = now
        exchange.written = True
        connection.exchange = exchange
        self.in_flight[exchange] = connection
        connection.transport.write(exchange.step.payload)  # type: ignore[union-attr]  # it is open

    async def _connect(self, exchange: Exchange) -> None:
        try:
            _, connection = await self._loop.create_connection(
                lambda: Connection(self), self._host, self._port
            )
        except OSError as error:
            self._open -= 1
            if exchange in self.in_flight:
                self._end(exchange, Verdict(REFUSED, f"no connection: {error.strerror or error}"))
            self._send_held()
            return
        if exchange not in self.in_flight:
            self._free(connection)
            return
        begun = exchange.sent
        self._write(exchange, connection, monotonic() - self.t0)
        exchange.sent = begun

    def answered(self, connection: Connection, status: int, body: bytes, *, keep: bool) -> None:
        """A whole answer is there (see `connection.Owner`)."""
        exchange = connection.exchange
        connection.exchange = None
        if exchange is None:
            connection.abort()
            return
        verdict = judge(exchange.step, status, body)
        if keep:
            self._free(connection)
        else:
            connection.abort()
        self._end(exchange, verdict)

    def lost(self, connection: Connection, *, partial: bool) -> None:
        """A connection is gone, idle or with a request on it (see `connection.Owner`)."""
        self._open -= 1
        exchange = connection.exchange
        connection.exchange = None
        if exchange is None:
            if connection in self._idle:
                self._idle.remove(connection)
        elif exchange.step.again and connection.used and not partial:
            exchange.step.again = False
            del self.in_flight[exchange]
            self.send(exchange, monotonic() - self.t0)
        else:
            reason = "the answer was cut" if partial else "the connection was closed before an answer"
            self._end(exchange, Verdict(INDETERMINATE, reason))
        self._send_held()

    def _free(self, connection: Connection) -> None:
        if self.held and not self._closing:
            self._write(self.held.popleft(), connection, monotonic() - self.t0)
        else:
            self._idle.append(connection)

    def _send_held(self) -> None:
        if self.held and self._open < self._max_open and not self._closing:
            self.send(self.held.popleft(), monotonic() - self.t0)

    def _end(self, exchange: Exchange, verdict: Verdict) -> None:
        del self.in_flight[exchange]
        self._finished(exchange, verdict)

    def sweep(self) -> None:
        """End what has had no answer for the time-out; in flight stand in the order of sending."""
        limit = monotonic() - self.t0 - self._timeout_s
        while self.in_flight:
            exchange = next(iter(self.in_flight))
            if exchange.sent is None or exchange.sent > limit:
                break
            self._cut(exchange, f"no answer within {self._timeout_s:g} s")

    def stop(self) -> None:
        """Send nothing more of what is held."""
        self._closing = True

    def cut_all(self, reason: str) -> None:
        """End everything in flight without an answer."""
        for exchange in list(self.in_flight):
            self._cut(exchange, reason)

    def _cut(self, exchange: Exchange, reason: str) -> None:
        connection = self.in_flight[exchange]
        if connection is not None:
            connection.exchange = None
            connection.abort()
        self._end(exchange, Verdict(INDETERMINATE if exchange.written else REFUSED, reason))

    def close(self) -> None:
        """Close all connections."""
        self._closing = True
        for task in self._tasks:
            task.cancel()
        for connection in self._idle:
            connection.abort()
