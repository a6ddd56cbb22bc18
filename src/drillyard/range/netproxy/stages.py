"""What a toxic does to the data of one direction of one connection."""

import asyncio
import random
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from drillyard.range.netproxy.toxics import (
    Attributes,
    Bandwidth,
    Latency,
    LimitData,
    ResetPeer,
    Slicer,
    SlowClose,
    Timeout,
)


@dataclass(frozen=True)
class Piece:
    """Data that came in at `arrived`, an instant of the loop's clock."""

    data: bytes
    arrived: float


Onward = Callable[[Piece], Awaitable[None]]


class Connection(Protocol):
    """What a stage may do to its connection."""

    def close(self) -> None:
        """End it, once what was sent is through."""

    def reset(self) -> None:
        """End it by a reset."""


class Stage(ABC):
    """One toxic at work. Data come to `carry` one piece after the other, and go `onward`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._timer: asyncio.TimerHandle | None = None

    @abstractmethod
    async def carry(self, piece: Piece, onward: Onward) -> None:
        """Pass a piece on, or not."""

    async def before_close(self) -> None:
        """The connection is about to be closed in this direction."""
        return

    def removed(self) -> None:
        """The toxic is no more; the connection may go on."""
        if self._timer:
            self._timer.cancel()

    def _after(self, milliseconds: int, what: Callable[[], None]) -> None:
        self._timer = asyncio.get_running_loop().call_later(milliseconds / 1000, what)


class _Latency(Stage):
    def __init__(self, connection: Connection, of: Latency) -> None:
        super().__init__(connection)
        self._of = of

    async def carry(self, piece: Piece, onward: Onward) -> None:
        """Late by its own arrival, so that data that come close together stay close together."""
        late_s = (self._of.latency + random.uniform(-self._of.jitter, self._of.jitter)) / 1000
        await asyncio.sleep(max(0.0, piece.arrived + late_s - asyncio.get_running_loop().time()))
        await onward(piece)


class _Bandwidth(Stage):
    _STEP_S = 0.05

    def __init__(self, connection: Connection, of: Bandwidth) -> None:
        super().__init__(connection)
        self._per_s = of.rate * 1000

    async def carry(self, piece: Piece, onward: Onward) -> None:
        """In steps of a twentieth of a second, so that a large piece does not come all at once."""
        if not self._per_s:
            await asyncio.Event().wait()
        step = max(1, int(self._per_s * self._STEP_S))
        for start in range(0, len(piece.data), step):
            part = piece.data[start : start + step]
            await asyncio.sleep(len(part) / self._per_s)
            await onward(Piece(part, piece.arrived))


class _SlowClose(Stage):
    def __init__(self, connection: Connection, of: SlowClose) -> None:
        super().__init__(connection)
        self._delay_s = of.delay / 1000

    async def carry(self, piece: Piece, onward: Onward) -> None:
        await onward(piece)

    async def before_close(self) -> None:
        await asyncio.sleep(self._delay_s)


class _Timeout(Stage):
    def __init__(self, connection: Connection, of: Timeout) -> None:
        super().__init__(connection)
        if of.timeout:
            self._after(of.timeout, connection.close)

    async def carry(self, piece: Piece, onward: Onward) -> None:
        """Dropped."""

    async def before_close(self) -> None:
        """That the other side closed does not get through either."""
        await asyncio.Event().wait()

    def removed(self) -> None:
        """What was dropped is missing: the connection is of no use any more."""
        super().removed()
        self._connection.close()


class _ResetPeer(Stage):
    def __init__(self, connection: Connection, of: ResetPeer) -> None:
        super().__init__(connection)
        self._after(of.timeout, connection.reset)

    async def carry(self, piece: Piece, onward: Onward) -> None:
        """Dropped: the peer is about to be gone."""

    async def before_close(self) -> None:
        """It is reset, not closed."""
        await asyncio.Event().wait()

    def removed(self) -> None:
        """What was dropped is missing: the connection is reset now instead of later."""
        super().removed()
        self._connection.reset()


class _Slicer(Stage):
    def __init__(self, connection: Connection, of: Slicer) -> None:
        super().__init__(connection)
        self._of = of

    async def carry(self, piece: Piece, onward: Onward) -> None:
        rest = piece.data
        while rest:
            size = self._of.average_size + random.randint(-self._of.size_variation, self._of.size_variation)
            part, rest = rest[: max(1, size)], rest[max(1, size) :]
            await onward(Piece(part, piece.arrived))
            if rest and self._of.delay:
                await asyncio.sleep(self._of.delay / 1_000_000)


class _LimitData(Stage):
    def __init__(self, connection: Connection, of: LimitData) -> None:
        super().__init__(connection)
        self._left = of.bytes

    async def carry(self, piece: Piece, onward: Onward) -> None:
        part = piece.data[: self._left]
        self._left -= len(part)
        if part:
            await onward(Piece(part, piece.arrived))
        if not self._left:
            self._connection.close()


_STAGES: dict[type[Attributes], Callable[[Connection, Any], Stage]] = {
    Latency: _Latency,
    Bandwidth: _Bandwidth,
    SlowClose: _SlowClose,
    Timeout: _Timeout,
    ResetPeer: _ResetPeer,
    Slicer: _Slicer,
    LimitData: _LimitData,
}


def stage_of(attributes: Attributes, connection: Connection) -> Stage:
    """A toxic's work on one direction of a connection, begun now."""
    return _STAGES[type(attributes)](connection, attributes)
