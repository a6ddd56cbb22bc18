"""End the drill; its results stay readable."""

from pydantic import JsonValue

from drillyard.drill.engine import Engine
from drillyard.drill.events import Stopped
from drillyard.drill.operations import Reporter
from drillyard.drill.wire import Stop


async def run(engine: Engine, request: Stop, report: Reporter) -> JsonValue:
    """End the drill; its results stay readable."""
    report("stopping the range")
    engine.desire("stopped")
    await engine.release()
    engine.store.append(Stopped())
    return {"state": "stopped"}
