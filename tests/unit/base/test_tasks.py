import asyncio
from contextlib import suppress

import pytest

from drillyard.base.tasks import ended, to_its_end

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_work_is_done_whoever_is_interrupted_and_however_often() -> None:
    steps: list[str] = []
    go_on = asyncio.Event()

    async def work() -> str:
        steps.append("begun")
        await go_on.wait()
        steps.append("done")
        return "made"

    waiting = asyncio.create_task(to_its_end(work()))
    for _ in range(3):
        await asyncio.sleep(0)
        waiting.cancel()
    await asyncio.sleep(0)
    assert steps == ["begun"]
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert steps == ["begun", "done"]


async def test_what_comes_of_it_is_given_or_raised() -> None:
    async def fails() -> None:
        raise ValueError("no")

    assert await to_its_end(asyncio.sleep(0, "made")) == "made"
    with pytest.raises(ValueError, match="no"):
        await to_its_end(fails())


@pytest.mark.anyio
async def test_a_task_that_loses_its_cancellation_is_cancelled_again() -> None:
    lost = 0

    async def again_and_again() -> None:
        nonlocal lost
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                lost += 1
                if lost > 1:
                    raise

    tasks = [asyncio.create_task(again_and_again()), asyncio.create_task(asyncio.sleep(60))]
    await asyncio.sleep(0)
    assert not await ended(tasks, again_s=0.05)
    assert all(task.cancelled() for task in tasks)
    assert lost == 2


async def test_a_task_has_time_to_clean_up_and_none_is_waited_for_without_end() -> None:
    cleaned: list[str] = []

    async def cleans() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.02)
            cleaned.append("up")

    async def never_ends() -> None:
        while len(cleaned) < 2:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(0.01)

    tidy, stubborn = asyncio.create_task(cleans()), asyncio.create_task(never_ends())
    await asyncio.sleep(0)
    assert await ended([tidy, stubborn], again_s=0.1) == {stubborn}
    assert cleaned == ["up"]
    cleaned.append("done")
    await stubborn
