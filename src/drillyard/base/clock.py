"""Waiting for conditions with a deadline, and the two clocks: wall time for people, monotonic for spans."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from drillyard.base.errors import DeadlineError


def wall() -> float:
    """Seconds since the epoch, for timelines and reports."""
    return time.time()


def monotonic() -> float:
    """Seconds of a clock that never steps, for spans. Shared by all processes of this machine on Linux."""
    return time.monotonic()


def wait_until(condition: Callable[[], bool], *, deadline_s: float, what: str, every_s: float = 0.01) -> None:
    """Block until `condition` is true.

    Raises:
        DeadlineError: `what` did not come true within `deadline_s` seconds.
    """
    end = monotonic() + deadline_s
    while not condition():
        if monotonic() > end:
            raise DeadlineError(f"{what}: not within {deadline_s:g} s")
        time.sleep(every_s)


async def until(
    condition: Callable[[], Awaitable[bool]], *, deadline_s: float, what: str, every_s: float = 0.01
) -> None:
    """Like `wait_until`, for conditions that are asked asynchronously."""
    end = monotonic() + deadline_s
    while not await condition():
        if monotonic() > end:
            raise DeadlineError(f"{what}: not within {deadline_s:g} s")
        await asyncio.sleep(every_s)
