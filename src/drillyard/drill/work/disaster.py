"""Let something happen to the shop."""

import asyncio
import random

from pydantic import JsonValue

from drillyard.assess.recovery import Disastered, catalog_of
from drillyard.base.clock import wall
from drillyard.base.errors import UserError
from drillyard.drill.content import scenario_of
from drillyard.drill.disasters import Disasters
from drillyard.drill.engine import Engine
from drillyard.drill.events import DisasterStruck
from drillyard.drill.making import LEARNER
from drillyard.drill.operations import Reporter
from drillyard.drill.runbook import run_runbook
from drillyard.drill.views import StruckView
from drillyard.drill.wire import Disaster, Recovered
from drillyard.drill.work import recovered
from drillyard.faults.disaster import Scene
from drillyard.faults.disasters import disaster
from drillyard.scenario.manifest import Disasters as Allowed

UNANNOUNCED_S = (2.0, 12.0)
"""An unannounced disaster comes after a while between these."""


async def run(engine: Engine, request: Disaster, report: Reporter) -> JsonValue:
    """Strike, say that something happened, and (with a runbook) let it do its work and look."""
    range_ = engine.running
    allowed = scenario_of(engine.record.scenario).manifest.disasters
    if allowed is None:
        raise UserError("No disasters happen in this scenario", next_step="See: drill list")
    if engine.customers is None or not engine.customers.rate:
        raise UserError(
            "No customers come: nobody would notice", next_step="Have them come: drill traffic on"
        )
    disasters = Disasters(engine.places)
    _nothing_open(disasters)
    kind = disaster(request.disaster or _drawn(allowed, disasters, engine, graded=request.graded))
    subject = (await _subjects(engine, report))[0]
    earlier = disasters.all()
    coming = Disastered(
        number=1 + max((each.number for each in earlier), default=0),
        kind=kind.id,
        title=kind.title,
        graded=request.graded,
        struck=wall(),
        since=max((each.looked for each in earlier), default=engine.record.created),
        catalog=await catalog_of(subject),
    )
    if not request.disaster:
        report("customers come and go")
        await asyncio.sleep(random.uniform(*UNANNOUNCED_S))
    disasters.begin(coming)
    # Whoever interrupts it now has a shop with half a disaster: it is carried through.
    struck = await asyncio.shield(kind.strike(Scene(range_, random.Random(), say=report)))
    coming = disasters.struck(coming, struck.moment, struck.detail)
    engine.store.append(DisasterStruck(number=coming.number, graded=coming.graded))
    if request.runbook:
        await run_runbook(engine, allowed, report)
        return await recovered.look(engine, Recovered(), report, by="runbook")
    view = StruckView(number=coming.number, graded=coming.graded, disaster=request.disaster)
    result: JsonValue = view.model_dump(mode="json")
    return result


def _nothing_open(disasters: Disasters) -> None:
    if current := disasters.open:
        raise UserError(
            f"Disaster {current.number} is not over yet",
            next_step="When the shop is whole again: drill recovered",
        )


def _drawn(allowed: Allowed, disasters: Disasters, engine: Engine, *, graded: bool) -> str:
    """A kind that was not drawn yet in this row; the order is the variant's."""
    had = [each.kind for each in disasters.all() if each.graded is graded]
    turn, place = divmod(len(had), len(allowed.kinds))
    order = sorted(allowed.kinds)
    random.Random(f"{engine.record.variant}/{graded}/{turn}").shuffle(order)
    return order[place]


async def _subjects(engine: Engine, report: Reporter) -> list[recovered.Subject]:
    if engine.subjects is None:
        raise UserError("The range is not ready", next_step="Bring it up: drill resume")
    return await engine.subjects.get((LEARNER,), report)
