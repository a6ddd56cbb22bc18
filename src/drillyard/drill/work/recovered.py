"""The learner says that the shop is whole again: what it cost, and whether it is."""

import asyncio

from pydantic import JsonValue

from drillyard.assess.baseline import Baseline
from drillyard.assess.invariants import limits
from drillyard.assess.measuring import all_probes
from drillyard.assess.recoveries import Recovery
from drillyard.assess.recovery import outage_now, recovery_of
from drillyard.base.clock import monotonic, wall
from drillyard.base.errors import UserError
from drillyard.drill.content import scenario_of
from drillyard.drill.disasters import Disasters
from drillyard.drill.engine import Engine
from drillyard.drill.events import RecoveryLooked
from drillyard.drill.looking import learner_now
from drillyard.drill.making import LEARNER
from drillyard.drill.operations import Reporter
from drillyard.drill.recovery_views import view_of
from drillyard.drill.subjects import requests_of
from drillyard.drill.wire import Recovered
from drillyard.measure.outage import HELD_S, Outage

PATIENCE_S = 60.0
"""So long customers are waited for; service has to hold for `HELD_S` within it."""
EVERY_S = 1.0


async def run(engine: Engine, request: Recovered, report: Reporter) -> JsonValue:
    """Look, after a recovery by hand."""
    return await look(engine, report, by="hand")


async def look(engine: Engine, report: Reporter, *, by: str) -> JsonValue:
    """Wait until service holds, look at everything, and close the disaster.

    Raises:
        UserError: none is open, or service does not hold; then it stays open.
    """
    disasters = Disasters(engine.places)
    current = disasters.open
    if current is None:
        raise UserError("Nothing has happened that is not over", next_step="Let it: drill disaster")
    requests = requests_of(engine.places.private)
    await _held(engine, current.struck, report)
    report("looking for everything that was promised")
    subject = await learner_now(engine, report)
    scenario = scenario_of(engine.record.scenario)
    found: Recovery = await recovery_of(
        current,
        subject,
        by=by,
        recorded=requests,
        baseline=Baseline.load(engine.places.private / "baseline.json"),
        before_s=allowed.before_s if (allowed := scenario.manifest.disasters) else 0.0,
        gone_before=disasters.lost_keys(),
        probes=[probe for probe in all_probes(scenario) if LEARNER in probe.subjects],
        limits=limits(scenario.manifest, scenario.figures(engine.record.variant)),
    )
    disasters.end(found)
    engine.store.append(
        RecoveryLooked(
            number=found.number,
            disaster=found.title,
            recovery_s=found.recovery_s,
            recovery_point_s=found.recovery_point_s,
            lost=found.lost,
        )
    )
    result: JsonValue = view_of(found).model_dump(mode="json")
    return result


def _seen(away: Outage, said: float) -> str:
    """What is waited for."""
    if away.began is not None and away.ended is None:
        return f"customers are not served well yet: {away.failed} of {away.asked} requests failed"
    known = min(max(away.until - said, 0.0), HELD_S)
    return f"customers are served; of the {HELD_S:.0f} s for which that has to hold {known:.0f} are known"


async def _held(engine: Engine, struck: float, report: Reporter) -> None:
    requests = requests_of(engine.places.private)
    said, end, told = wall(), monotonic() + PATIENCE_S, ""
    while monotonic() < end:
        away = await outage_now(requests, struck)
        if away.settled(said):
            return
        if (seen := _seen(away, said)) != told:
            report(seen)
            told = seen
        await asyncio.sleep(EVERY_S)
    raise UserError(
        "Customers are not served yet: the disaster is not over",
        where=f"in the last {PATIENCE_S:.0f} s service did not hold for {HELD_S:.0f} s",
        next_step="See `drill status` and `drill logs`; then again: drill recovered",
    )
