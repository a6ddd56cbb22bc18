"""Stop the range and keep everything."""

from pydantic import JsonValue

from drillyard.drill.engine import Engine
from drillyard.drill.events import Paused
from drillyard.drill.operations import Reporter
from drillyard.drill.wire import Pause


async def run(engine: Engine, request: Pause, report: Reporter) -> JsonValue:
    """Stop the range and keep everything."""
    report("stopping the range")
    engine.desire("paused")
    await engine.release()
    engine.store.append(Paused())
    return {"state": "paused"}
