"""Both pacers call back once, not before the instant."""

import asyncio
import sys
from collections.abc import Callable

import pytest
import uvloop

from drillyard.base.clock import monotonic
from drillyard.traffic.pacer import Pacer, SpinPacer, TimerfdPacer

Make = Callable[[asyncio.AbstractEventLoop, Callable[[], None]], Pacer]
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="timerfd is Linux's")


@pytest.mark.parametrize("make", [pytest.param(TimerfdPacer, marks=linux_only), SpinPacer])
@pytest.mark.parametrize("ahead_s", [-1.0, 0.0, 0.0004, 0.0213])
def test_it_calls_back_at_the_instant_and_not_before(make: Make, ahead_s: float) -> None:
    async def scene() -> float:
        loop = asyncio.get_running_loop()
        called: asyncio.Future[float] = loop.create_future()

        def callback() -> None:
            pacer.arm(monotonic() + 3600)
            called.set_result(monotonic())

        pacer = make(loop, callback)
        at = monotonic() + ahead_s
        pacer.arm(monotonic() + 3600)
        pacer.arm(at)
        late = await asyncio.wait_for(called, 10) - at
        pacer.close()
        return late

    assert uvloop.run(scene()) >= -1e-6


@pytest.mark.parametrize("make", [pytest.param(TimerfdPacer, marks=linux_only), SpinPacer])
def test_at_rest_it_does_not_call_back_even_when_it_has_just_fired(make: Make) -> None:
    async def scene() -> int:
        loop = asyncio.get_running_loop()
        calls: list[float] = []
        fired = asyncio.Event()

        def callback() -> None:
            calls.append(monotonic())
            pacer.rest()
            fired.set()

        pacer = make(loop, callback)
        pacer.arm(monotonic())
        await asyncio.wait_for(fired.wait(), 10)
        for _ in range(100):
            await asyncio.sleep(0)
        await asyncio.sleep(0.01)
        pacer.close()
        return len(calls)

    assert uvloop.run(scene()) == 1
