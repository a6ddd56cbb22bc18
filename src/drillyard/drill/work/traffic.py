"""Set the background traffic."""

from pydantic import JsonValue

from drillyard.base.errors import UserError
from drillyard.drill.content import scenario_of
from drillyard.drill.engine import Engine
from drillyard.drill.events import TrafficChanged
from drillyard.drill.operations import Reporter
from drillyard.drill.wire import Traffic


async def run(engine: Engine, request: Traffic, report: Reporter) -> JsonValue:
    """Customers come at this rate from now on, over pauses and restarts too."""
    range_ = engine.running
    if engine.customers is None:
        raise UserError("The range is not ready for customers", next_step="Bring it up: drill resume")
    traffic = scenario_of(engine.record.scenario).manifest.traffic
    rate = traffic.base_rate if request.rate is None else request.rate
    await engine.customers.come(
        str(range_.addresses.endpoint("http")), rate, traffic.mix, scale=range_.settings.scale
    )
    engine.store.set("traffic.rate", str(rate))
    engine.store.append(TrafficChanged(rate=rate))
    return {"rate": rate}
