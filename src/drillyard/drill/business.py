"""Ordinary business: what a disaster takes is judged by what customers bought before it."""

import asyncio

from drillyard.base.clock import monotonic
from drillyard.drill.content import scenario_of
from drillyard.drill.customers import Customers, require_customers
from drillyard.drill.engine import Engine
from drillyard.drill.operations import Reporter
from drillyard.range.member import State

_SELLING = ("postgres", "valkey", "haproxy", "storefront")
"""Kinds without which nobody buys."""
_EVERY_S = 5.0


async def business(engine: Engine, seconds: float, report: Reporter) -> Customers:
    """Wait until customers have come to a shop that runs for so many seconds.

    Raises:
        UserError: too few customers come.
    """
    rate = scenario_of(engine.record.scenario).manifest.traffic.base_rate
    while True:
        customers = require_customers(engine.customers, rate)
        over_at = engine.faults.over_at if engine.faults else 0.0
        left = seconds - (monotonic() - max(customers.since, over_at, _ready_since(engine)))
        if left <= 0:
            return customers
        report(f"waiting for {seconds:.0f} s of ordinary business: {left:.0f} s more")
        await asyncio.sleep(min(_EVERY_S, left))


def _ready_since(engine: Engine) -> float:
    """When the last of what sells became ready (monotonic clock); what does not run holds nobody up."""
    members = engine.running.supervisor.members.values()
    return max(
        (each.ready_at for each in members if each.component.kind in _SELLING and each.state is State.READY),
        default=0.0,
    )
