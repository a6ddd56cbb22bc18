"""Work that must not be left half done when whoever waits for it is interrupted."""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any, TypeVar

_TIMES = 3
Result = TypeVar("Result")


async def ended(tasks: Iterable[asyncio.Task[Any]], again_s: float = 5.0) -> set[asyncio.Task[Any]]:
    """Cancel tasks and wait until they have ended, whatever comes of them; `again_s` later they are cancelled
    again, a third time, and then left. Gives those that go on all the same.

    Once is not always enough: before Python 3.12 `asyncio.wait_for` loses a cancellation that comes in the
    instant in which what it waits for is done (bpo-37658), and libraries use it.
    """
    pending = set(tasks)
    for _ in range(_TIMES):
        for task in pending:
            task.cancel()
        if pending:
            _, pending = await asyncio.wait(pending, timeout=again_s)
    return pending


async def to_its_end(work: Awaitable[Result]) -> Result:
    """Wait for `work` to end, also when this is cancelled meanwhile, however often.

    Raises:
        asyncio.CancelledError: it was cancelled; the work is done (what came of it is lost).
        Exception: what the work raised, unless it was cancelled.
    """
    task = asyncio.ensure_future(work)
    interrupted: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            if task.cancelled():
                raise
            interrupted = error
        except BaseException:
            break
    if interrupted:
        raise interrupted from (None if task.cancelled() else task.exception())
    return task.result()
