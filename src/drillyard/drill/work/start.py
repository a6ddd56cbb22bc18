"""Bring the learner's range up: the first start, after a pause, after the machine was off."""

import asyncio
import importlib

from pydantic import JsonValue

from drillyard.base.clock import monotonic
from drillyard.drill.engine import Engine
from drillyard.drill.events import RangeStarted, Resumed
from drillyard.drill.making import LEARNER
from drillyard.drill.operations import Reporter
from drillyard.drill.wire import Start
from drillyard.range.member import State
from drillyard.range.range import Range


async def run(engine: Engine, request: Start, report: Reporter) -> JsonValue:
    """Start the range if it does not run, and have the customers come."""
    began = monotonic()
    paused = engine.desired != "running"
    if engine.range is None:
        engine.range = await engine.maker.bring_up(LEARNER, engine.heard, report)
        took = monotonic() - began
        engine.store.append(Resumed() if paused else RangeStarted(took_s=took))
        engine.desire("running")
    took = monotonic() - began
    range_ = engine.running
    after = await asyncio.to_thread(importlib.import_module, "drillyard.drill.work.customers_come")
    await after.come(engine, range_, report)
    return {
        "name": engine.record.name,
        "variant": engine.record.variant,
        "url": f"http://{range_.addresses.endpoint('http')}/",
        "workspace": engine.record.workspace,
        "took_s": took,
        "warnings": [*_warnings(range_)],
    }


def _warnings(range_: Range) -> list[str]:
    return [
        f"{member.name} does not run: {member.reason}"
        for member in range_.supervisor.members.values()
        if member.state is State.FAILED
    ]
