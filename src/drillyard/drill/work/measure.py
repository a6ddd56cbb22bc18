"""Measure the learner's range beside the untouched twin, and keep the figures."""

from pydantic import JsonValue

from drillyard.drill.engine import Engine
from drillyard.drill.measuring import Measuring
from drillyard.drill.operations import Reporter
from drillyard.drill.results import view_of
from drillyard.drill.wire import Measure


async def run(engine: Engine, request: Measure, report: Reporter) -> JsonValue:
    """Measure and keep."""
    measuring = Measuring(engine, report)
    measurement = await measuring.take("measure", measuring.next_name(), label=request.label)
    shown: JsonValue = view_of(measurement, "measure").model_dump(mode="json")
    return shown
