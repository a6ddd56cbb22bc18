"""Rehearse the learner's runbook, and tell what came of it. It counts for nothing."""

from pydantic import JsonValue

from drillyard.drill.engine import Engine
from drillyard.drill.measuring import customers_back
from drillyard.drill.operations import Reporter
from drillyard.drill.recovery_views import rehearsal_view
from drillyard.drill.rehearsal import rehearse
from drillyard.drill.wire import Rehearse


async def run(engine: Engine, request: Rehearse, report: Reporter) -> JsonValue:
    """Rehearse; the shop and its customers are back afterwards."""
    engine.require_calm()
    async with customers_back(engine):
        found = await rehearse(engine, report)
    shown: JsonValue = rehearsal_view(found).model_dump(mode="json")
    return shown
