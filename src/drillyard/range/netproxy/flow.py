"""One direction of one connection: straight through, or through the stages of its toxics."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from drillyard.range.netproxy.stages import Onward, Piece, Stage

HELD_BYTES = 256 * 1024
"""So much is held back before the source is asked to wait."""


class Flow:
    """From `source` to `sink`. Without stages, what comes in is written out in the same call.

    Stages may change at any time: what is being carried starts again with the new ones, from the first byte
    that was not written yet.
    """

    def __init__(
        self, source: asyncio.Transport, sink: asyncio.Transport, passed: Callable[[], None]
    ) -> None:
        self._source = source
        self._sink = sink
        self._passed = passed
        """Told once the end of the direction has been passed on."""
        self._stages: tuple[Stage, ...] = ()
        self._held: deque[Piece] = deque()
        self._held_bytes = 0
        self._left = b""
        """What is not written yet of the piece that is being carried."""
        self._ended = False
        self._task: asyncio.Task[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()

    def feed(self, data: bytes) -> None:
        """Data came in."""
        if not self._stages and self._task is None:
            self._sink.write(data)
            return
        self._held.append(Piece(data, asyncio.get_running_loop().time()))
        self._held_bytes += len(data)
        if self._held_bytes > HELD_BYTES:
            _pause(self._source)
        self._work()

    def end(self) -> None:
        """Nothing more will come in."""
        self._ended = True
        self._work()

    def change(self, stages: Sequence[Stage]) -> None:
        """Other toxics from now on."""
        self._stages = tuple(stages)
        task, self._task = self._task, None
        if task:
            task.cancel()
        if self._held or self._ended:
            self._work()

    def stop(self) -> None:
        """The connection is gone."""
        if self._task:
            self._task.cancel()
        for stage in self._stages:
            stage.removed()

    def sink_full(self) -> None:
        """The sink takes nothing for now."""
        self._writable.clear()
        _pause(self._source)

    def sink_free(self) -> None:
        """It does again."""
        self._writable.set()
        if self._held_bytes <= HELD_BYTES:
            _resume(self._source)

    def _work(self) -> None:
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._carry_all(self._stages))

    async def _carry_all(self, stages: tuple[Stage, ...]) -> None:
        while self._held:
            piece = self._held[0]
            self._left = piece.data
            try:
                await self._through(stages, piece)
            except asyncio.CancelledError:
                self._held[0] = Piece(self._left, piece.arrived)
                self._held_bytes -= len(piece.data) - len(self._left)
                raise
            self._held.popleft()
            self._held_bytes -= len(piece.data)
            if self._held_bytes <= HELD_BYTES and self._writable.is_set():
                _resume(self._source)
        if self._ended:
            for stage in stages:
                await stage.before_close()
            if self._sink.can_write_eof() and not self._sink.is_closing():
                with suppress(OSError):  # it has been reset, and nobody has told us yet
                    self._sink.write_eof()
            self._passed()
            return
        self._task = None

    async def _through(self, stages: Sequence[Stage], piece: Piece) -> None:
        if not stages:
            await self._writable.wait()
            if not self._sink.is_closing():
                self._sink.write(piece.data)
            self._left = self._left[len(piece.data) :]
            return
        onward: Onward = partial(self._through, stages[1:])
        await stages[0].carry(piece, onward)


def _pause(transport: asyncio.Transport) -> None:
    if not transport.is_closing() and transport.is_reading():
        transport.pause_reading()


def _resume(transport: asyncio.Transport) -> None:
    if not transport.is_closing() and not transport.is_reading():
        transport.resume_reading()
