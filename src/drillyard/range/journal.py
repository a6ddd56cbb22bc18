"""What components wrote to their logs: the tail, lines as they come, and the last complaints."""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

_KEEP_BYTES = 20 << 20
_TAIL_BYTES = 256 << 10
_COMPLAINT = re.compile(
    r"\b(error|fatal|panic|critical|alert|exception|cannot|could not|denied)\b", re.IGNORECASE
)


def rotate(log: Path) -> None:
    """Keep one older log when the current one has grown past 20 MB; called before a start."""
    if log.exists() and log.stat().st_size > _KEEP_BYTES:
        log.replace(log.with_suffix(".log.1"))


def tail(log: Path, lines: int) -> list[str]:
    """The last `lines` lines (out of the last 256 KB); empty when there is no log."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return []
    return text.splitlines()[-lines:] if lines else []


def complaints(log: Path, lines: int = 3) -> list[str]:
    """The last lines that tell of trouble; the last lines whatever they are when none does."""
    recent = tail(log, 60)
    return [line for line in recent if _COMPLAINT.search(line)][-lines:] or recent[-lines:]


async def follow(log: Path, lines: int = 10, every_s: float = 0.2) -> AsyncIterator[str]:
    """The last `lines` whole lines, then every new one as it is written; never ends by itself."""
    position, inode = _end(log)
    text = _read(log, max(0, position - _TAIL_BYTES), position)
    *whole, unfinished = text.split(b"\n")
    for line in whole[-lines:] if lines else []:
        yield line.decode(errors="replace")
    while True:
        await asyncio.sleep(every_s)
        size, now = _end(log)
        if now != inode or size < position:  # a new file took its place
            position, inode, unfinished = 0, now, b""
        block = _read(log, position, size)
        position += len(block)
        *whole, unfinished = (unfinished + block).split(b"\n")
        for line in whole:
            yield line.decode(errors="replace")


def _read(log: Path, start: int, end: int) -> bytes:
    if start >= end:
        return b""
    with log.open("rb") as file:
        file.seek(start)
        return file.read(end - start)


def _end(log: Path) -> tuple[int, int]:
    """Size and identity; zeros when there is no log."""
    try:
        status = log.stat()
    except FileNotFoundError:
        return 0, 0
    return status.st_size, status.st_ino
