"""The daemon's end of `shopctl`: requests are lines in one named pipe, each answer has a pipe of its own.

A request is `NUMBER<TAB>VERB[<TAB>ARGUMENT]`; the answer, in the pipe `answers/NUMBER` that the asker made,
is an exit code on a line of its own and then what is to be printed.
"""

import asyncio
import os
import stat
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path

from drillyard.base.clock import monotonic
from drillyard.range.privileges import Account, make_directory, own

Handle = Callable[[Sequence[str]], Awaitable[tuple[int, str]]]
"""Told the words of a request; gives the exit code and the text."""

_LONGEST_LINE = 4_096
_LONGEST_TEXT = 60_000
"""What a pipe takes at once on Linux is 65,536 bytes (pipe(7))."""
_ASKER_WITHIN_S = 5.0
_EVERY_S = 0.01


class Control:
    """Hears requests in `directory`, which belongs to the service account, while it is open."""

    def __init__(self, directory: Path, account: Account, handle: Handle) -> None:
        self.directory = directory
        self._account = account
        self._handle = handle
        self._pipe = -1
        self._heard = b""
        self._answering: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Begin to hear.

        Raises:
            UserError: the directory cannot be made.
            OSError: the pipe cannot be made.
        """
        make_directory(self.directory, self._account, mode=0o700)
        make_directory(self.directory / "answers", self._account, mode=0o700)
        for left in (self.directory / "answers").iterdir():
            left.unlink(missing_ok=True)
        requests = self.directory / "requests"
        requests.unlink(missing_ok=True)
        os.mkfifo(requests, 0o600)
        own(requests, self._account)
        # Opened for both, so that it does not end when the last asker has gone.
        self._pipe = os.open(requests, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
        asyncio.get_running_loop().add_reader(self._pipe, self._hear)

    async def close(self) -> None:
        """Hear nothing more; requests in work are given up."""
        if self._pipe >= 0:
            asyncio.get_running_loop().remove_reader(self._pipe)
            os.close(self._pipe)
            self._pipe = -1
        for task in self._answering:
            task.cancel()
        await asyncio.gather(*self._answering, return_exceptions=True)

    def _hear(self) -> None:
        with suppress(BlockingIOError):
            self._heard += os.read(self._pipe, _LONGEST_LINE)
        *lines, self._heard = self._heard.split(b"\n")
        if len(self._heard) > _LONGEST_LINE:
            self._heard = b""
        for line in lines:
            number, *words = line.decode(errors="replace").split("\t")
            if number.isdecimal() and words:
                task = asyncio.create_task(self._serve(number, words))
                self._answering.add(task)
                task.add_done_callback(self._answering.discard)

    async def _serve(self, number: str, words: Sequence[str]) -> None:
        code, text = await self._handle(words)
        answer = f"{code}\n{text}".encode()[:_LONGEST_TEXT]
        with suppress(OSError):  # whoever asked has gone
            pipe = await self._asker(self.directory / "answers" / number)
            try:
                os.write(pipe, answer)
            finally:
                os.close(pipe)

    async def _asker(self, path: Path) -> int:
        """The asker's pipe, once it is open at the other end; nothing but a pipe is written to."""
        deadline = monotonic() + _ASKER_WITHIN_S
        while True:
            try:
                pipe = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
            except OSError:
                if monotonic() > deadline:
                    raise
                await asyncio.sleep(_EVERY_S)
                continue
            if stat.S_ISFIFO(os.fstat(pipe).st_mode):
                return pipe
            os.close(pipe)
            raise FileNotFoundError(path)
