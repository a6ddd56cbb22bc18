"""Let something happen to the shop."""

import asyncio
import random

from pydantic import JsonValue

from drillyard.assess.recoveries import Disastered
from drillyard.base.clock import wall
from drillyard.base.errors import UserError
from drillyard.base.tasks import to_its_end
from drillyard.drill.business import business
from drillyard.drill.content import scenario_of
from drillyard.drill.customers import require_customers
from drillyard.drill.disasters import Disasters
from drillyard.drill.elsewhere import nothing_elsewhere
from drillyard.drill.engine import Engine
from drillyard.drill.events import DisasterStruck
from drillyard.drill.looking import as_it_was, learner_now
from drillyard.drill.operations import Reporter
from drillyard.drill.recovery_views import StruckView
from drillyard.drill.runbook import read_runbook, run_script
from drillyard.drill.wire import Disaster
from drillyard.drill.work import recovered
from drillyard.faults.disaster import Disaster as Kind
from drillyard.faults.disasters import disaster
from drillyard.faults.drawing import drawn, turn
from drillyard.faults.scene import Scene
from drillyard.range.member import State
from drillyard.range.range import Range
from drillyard.scenario.manifest import Disasters as Allowed

UNANNOUNCED_S = (2.0, 12.0)
"""An unannounced disaster for practice comes after a while between these."""


async def run(engine: Engine, request: Disaster, report: Reporter) -> JsonValue:
    """Strike, say that something happened, and (with a runbook) let it do its work and look.

    Raises:
        UserError: nothing may happen in this scenario or now, no such kind, or too few customers.
    """
    range_ = engine.running
    manifest = scenario_of(engine.record.scenario).manifest
    if (allowed := manifest.disasters) is None:
        raise UserError("No disasters happen in this scenario", next_step="See: drill list")
    require_customers(engine.customers, manifest.traffic.base_rate)
    disasters = Disasters(engine.places)
    _nothing_open(disasters)
    engine.require_calm()
    kind = _chosen(request, allowed, disasters, engine.record.variant)
    script = await read_runbook(engine, allowed) if request.runbook else None
    await _waited(engine, request, allowed, report)
    _all_run(range_, kind)
    await asyncio.to_thread(nothing_elsewhere, range_)
    number = 1 + max((each.number for each in disasters.all()), default=0)
    coming = Disastered(number, kind.id, kind.title, request.graded, wall())
    coming = await as_it_was(coming, await learner_now(engine, report), disasters.lost_keys())
    known = await to_its_end(_struck(kind, range_, coming, disasters))
    engine.store.append(DisasterStruck(number=known.number, graded=known.graded))
    if script is not None:
        await run_script(range_, script, report)
        return await recovered.look(engine, report, by="runbook")
    view = StruckView(number=known.number, graded=known.graded, disaster=request.disaster)
    result: JsonValue = view.model_dump(mode="json")
    return result


async def _waited(engine: Engine, request: Disaster, allowed: Allowed, report: Reporter) -> None:
    """One that is named comes at once; what is graded is judged by the time before it."""
    if request.graded:
        await business(engine, allowed.before_s, report)
    if not request.disaster:
        report("customers come and go")
        await asyncio.sleep(random.uniform(*(allowed.unannounced_s if request.graded else UNANNOUNCED_S)))


def _nothing_open(disasters: Disasters) -> None:
    if current := disasters.open:
        raise UserError(
            f"Disaster {current.number} is not over yet",
            next_step="When the shop is whole again: drill recovered",
        )


def _chosen(request: Disaster, allowed: Allowed, disasters: Disasters, variant: str) -> Kind:
    """The kind that was named, or the next that is drawn. What is graded are a few that the variant chose,
    the same again when they are through.
    """
    if request.disaster:
        named = disaster(request.disaster)
        if request.graded or named.id not in allowed.kinds:
            raise UserError(
                f"`{named.id}` does not happen in this scenario by name",
                next_step=f"For practice: {', '.join(sorted(allowed.kinds))}; what is graded is drawn.",
            )
        return named
    kinds = tuple(map(disaster, allowed.kinds))
    if request.graded:
        kinds = drawn(kinds, variant, allowed.graded)
    had = sum(each.graded is request.graded for each in disasters.all())
    return turn(kinds, f"{variant}/{request.graded}", had)


def _all_run(range_: Range, kind: Kind) -> None:
    members = range_.supervisor.members
    down = [name for name in kind.needs if name not in members or members[name].state is not State.READY]
    if down:
        raise UserError(
            f"{', '.join(down)} does not run: there is trouble enough already",
            next_step="See `drill status`; start it: drill shell -- shopctl start NAME",
        )


async def _struck(kind: Kind, range_: Range, coming: Disastered, disasters: Disasters) -> Disastered:
    """Strike, and note when and what; one that breaks is open too, and counts for nothing."""
    disasters.begin(coming)
    struck = await kind.strike(Scene(range_, random.Random()))
    return disasters.struck(coming, struck.moment, struck.detail)
