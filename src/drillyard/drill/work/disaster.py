"""Let something happen to the shop."""

import asyncio
import random

import psycopg
from pydantic import JsonValue

from drillyard.assess.recovery import Disastered, catalog_of
from drillyard.assess.subject import Subject
from drillyard.base.clock import wall
from drillyard.base.errors import UserError
from drillyard.drill.content import scenario_of
from drillyard.drill.customers import Customers
from drillyard.drill.disasters import Disasters
from drillyard.drill.engine import Engine
from drillyard.drill.events import DisasterStruck
from drillyard.drill.making import LEARNER
from drillyard.drill.operations import Reporter
from drillyard.drill.runbook import read_runbook, run_script
from drillyard.drill.views import StruckView
from drillyard.drill.wire import Disaster
from drillyard.drill.work import recovered
from drillyard.faults.disaster import Disaster as Kind
from drillyard.faults.disaster import Scene
from drillyard.faults.disasters import disaster
from drillyard.range.member import State
from drillyard.range.range import Range
from drillyard.scenario.manifest import Disasters as Allowed

UNANNOUNCED_S = (2.0, 12.0)
"""An unannounced disaster comes after a while between these."""


async def run(engine: Engine, request: Disaster, report: Reporter) -> JsonValue:
    """Strike, say that something happened, and (with a runbook) let it do its work and look.

    Raises:
        UserError: nothing may happen now; nothing has.
    """
    range_ = engine.running
    manifest = scenario_of(engine.record.scenario).manifest
    if (allowed := manifest.disasters) is None:
        raise UserError("No disasters happen in this scenario", next_step="See: drill list")
    _customers_come(engine.customers, manifest.traffic.base_rate)
    disasters = Disasters(engine.places)
    _nothing_open(disasters)
    kind = _chosen(request, allowed, disasters, engine.record.variant)
    _all_run(range_, kind)
    script = await read_runbook(engine, allowed) if request.runbook else ""
    coming = await _coming(await _subject(engine, report), kind, disasters, graded=request.graded)
    if not request.disaster:
        report("customers come and go")
        await asyncio.sleep(random.uniform(*UNANNOUNCED_S))
    coming = await _carried_through(kind, range_, coming, disasters)
    engine.store.append(DisasterStruck(number=coming.number, graded=coming.graded))
    if request.runbook:
        await run_script(range_, script, report)
        return await recovered.look(engine, report, by="runbook")
    view = StruckView(number=coming.number, graded=coming.graded, disaster=request.disaster)
    result: JsonValue = view.model_dump(mode="json")
    return result


def _customers_come(customers: Customers | None, rate: float) -> None:
    if customers is None or not customers.here or customers.rate < rate:
        raise UserError(
            f"Too few customers come to notice anything: {rate:g} requests a second are needed",
            next_step="Have them come: drill traffic on",
        )


def _nothing_open(disasters: Disasters) -> None:
    if current := disasters.open:
        raise UserError(
            f"Disaster {current.number} is not over yet",
            next_step="When the shop is whole again: drill recovered",
        )


def _chosen(request: Disaster, allowed: Allowed, disasters: Disasters, variant: str) -> Kind:
    """The kind that was named, or one that was not drawn yet in this row; the order is the variant's."""
    if request.disaster:
        named = disaster(request.disaster)
        if request.graded or named.id not in allowed.kinds:
            raise UserError(
                f"`{named.id}` does not happen in this scenario by name",
                next_step=f"For practice: {', '.join(sorted(allowed.kinds))}; what is graded is drawn.",
            )
        return named
    had = [each.kind for each in disasters.all() if each.graded is request.graded]
    turn, place = divmod(len(had), len(allowed.kinds))
    order = sorted(allowed.kinds)
    random.Random(f"{variant}/{request.graded}/{turn}").shuffle(order)
    return disaster(order[place])


def _all_run(range_: Range, kind: Kind) -> None:
    members = range_.supervisor.members
    down = [name for name in kind.needs if name not in members or members[name].state is not State.READY]
    if down:
        raise UserError(
            f"{', '.join(down)} does not run: there is trouble enough already",
            next_step="See `drill status`; start it: drill shell -- shopctl start NAME",
        )


async def _subject(engine: Engine, report: Reporter) -> Subject:
    if engine.subjects is None:
        raise UserError("The range is not ready", next_step="Bring it up: drill resume")
    (subject,) = await engine.subjects.get((LEARNER,), report)
    engine.subjects.done()
    return subject


async def _coming(subject: Subject, kind: Kind, disasters: Disasters, *, graded: bool) -> Disastered:
    try:
        catalog = await catalog_of(subject)
    except psycopg.Error as error:
        raise UserError(
            f"The database does not answer: {str(error).strip()}", next_step="See `drill status`."
        ) from error
    number = 1 + max((each.number for each in disasters.all()), default=0)
    return Disastered(number, kind.id, kind.title, graded, wall(), catalog=catalog)


async def _carried_through(kind: Kind, range_: Range, coming: Disastered, disasters: Disasters) -> Disastered:
    """Strike, and note when and what. Whoever interrupts it has to wait: half a disaster is none."""
    disasters.begin(coming)
    striking = asyncio.ensure_future(kind.strike(Scene(range_, random.Random())))
    cancelled: asyncio.CancelledError | None = None
    while not striking.done():
        try:
            await asyncio.shield(striking)
        except asyncio.CancelledError as error:
            cancelled = error
        except Exception:
            break
    if broken := striking.exception():
        # What was done stands, and is looked at like any other.
        disasters.struck(coming, coming.struck, f"it was not carried through: {broken!r}")
        raise broken
    struck = striking.result()
    known = disasters.struck(coming, struck.moment, struck.detail)
    if cancelled:
        raise cancelled
    return known
