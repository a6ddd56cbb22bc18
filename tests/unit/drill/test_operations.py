import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from pydantic import JsonValue

from drillyard.base.errors import UserError
from drillyard.drill.operations import Operations, Reporter
from drillyard.drill.store import Store
from drillyard.drill.wire import (
    Apply,
    BusyError,
    Check,
    Failure,
    Measure,
    NotFoundError,
    Pause,
    Progress,
    Request,
    Result,
)

Work = Callable[[Request, Reporter], Awaitable[JsonValue]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


pytestmark = pytest.mark.anyio


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = Store(tmp_path / "store.sqlite")
    yield store
    store.close()


def operations(store: Store, work: Work) -> Operations:
    return Operations(store, work, Path("daemon.log"))


async def quick(request: Request, report: Reporter) -> JsonValue:
    report("first", 0.5)
    report("second")
    return {"answer": 42}


async def endless(request: Request, report: Reporter) -> JsonValue:
    report("begun")
    await asyncio.Event().wait()
    return None


async def test_events_can_be_followed_from_any_point_at_any_time(store: Store) -> None:
    running = operations(store, quick)
    view = await running.begin(Measure())
    lines = [line async for line in running.follow(view.id, 0)]
    assert [line.event for line in lines] == [
        Progress(message="first", fraction=0.5),
        Progress(message="second"),
        Result(result={"answer": 42}),
    ]
    assert [line.index async for line in running.follow(view.id, 2)] == [2]
    assert running.view(view.id).state == "done"


async def test_one_operation_at_a_time_and_the_second_is_told_which(store: Store) -> None:
    running = operations(store, endless)
    first = await running.begin(Apply())
    with pytest.raises(BusyError, match=f"apply \\(operation {first.id}\\)"):
        await running.begin(Check(task="2"))
    await running.cancel(first.id)
    assert running.view(first.id).state == "cancelled"


async def test_pause_interrupts_a_measurement_but_not_an_apply(store: Store) -> None:
    running = operations(store, endless)
    first = await running.begin(Measure())
    second = await running.begin(Pause())
    assert running.view(first.id).state == "cancelled"
    await running.cancel(second.id)
    third = await running.begin(Apply())
    with pytest.raises(BusyError):
        await running.begin(Pause())
    await running.cancel(third.id)


async def test_an_error_of_the_user_is_told_with_its_next_step(store: Store) -> None:
    async def refuse(request: Request, report: Reporter) -> JsonValue:
        raise UserError("no", where="here", next_step="do that")

    running = operations(store, refuse)
    view = await running.begin(Apply())
    (line,) = [line async for line in running.follow(view.id, 0)]
    assert isinstance(line.event, Failure)
    assert line.event.error.model_dump() == {
        "code": "usage", "what": "no", "where": "here", "next_step": "do that",
    }  # fmt: skip


async def test_a_fault_of_ours_names_the_log(store: Store) -> None:
    async def break_down(request: Request, report: Reporter) -> JsonValue:
        raise ZeroDivisionError("oh")

    running = operations(store, break_down)
    view = await running.begin(Apply())
    (line,) = [line async for line in running.follow(view.id, 0)]
    assert isinstance(line.event, Failure)
    assert (line.event.error.code, line.event.error.where) == ("bug", "daemon.log")


async def test_what_a_dead_daemon_left_running_is_closed_as_interrupted(store: Store) -> None:
    before = operations(store, endless)
    view = await before.begin(Measure())
    await asyncio.sleep(0)
    after = operations(store, quick)
    assert [each.id for each in after.close_interrupted()] == [view.id]
    assert after.view(view.id).state == "interrupted"
    lines = [line async for line in after.follow(view.id, 0)]
    assert isinstance(lines[-1].event, Failure)
    assert lines[-1].event.error.code == "interrupted"
    await before.cancel(view.id)


async def test_an_unknown_operation_is_not_found(store: Store) -> None:
    with pytest.raises(NotFoundError):
        operations(store, quick).view(7)
