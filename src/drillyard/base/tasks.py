"""Work that must not be left half done when whoever waits for it is interrupted."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

Result = TypeVar("Result")


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
