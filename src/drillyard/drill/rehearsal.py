"""Rehearsing the learner's runbook: the shop dies, and is to come back from what lies off site, alone.

PostgreSQL is killed while customers buy; then a stand-in with empty hosts takes the range's place
(`range/stand_in.py`), the runbook is run on it, and what came of that is looked at (`assess/rehearsal.py`).
Afterwards the range is where it was, with its data, and starts again as after a crash.
"""

import asyncio
import random
from contextlib import suppress
from dataclasses import replace

from drillyard.assess.baseline import Baseline
from drillyard.assess.probes import shipped_probes
from drillyard.assess.recoveries import Disastered
from drillyard.assess.recovery import bought_before, look
from drillyard.assess.rehearsal import Rehearsed
from drillyard.assess.subject import Subject
from drillyard.base.clock import monotonic, until, wall
from drillyard.base.errors import DeadlineError, UserError
from drillyard.base.tasks import to_its_end
from drillyard.drill.business import business
from drillyard.drill.content import scenario_of
from drillyard.drill.disasters import Disasters
from drillyard.drill.elsewhere import nothing_elsewhere
from drillyard.drill.engine import Engine
from drillyard.drill.looking import as_it_was, learner_now
from drillyard.drill.making import LEARNER
from drillyard.drill.operations import Reporter
from drillyard.drill.places import Places
from drillyard.drill.runbook import Script, read_runbook, run_script
from drillyard.drill.subjects import ledger_of, sessions_of
from drillyard.faults.scene import Scene
from drillyard.measure.site import site_of
from drillyard.range.components.http_probe import status_of
from drillyard.range.range import Range
from drillyard.range.stand_in import not_restored, put_back, stand_in
from drillyard.traffic import ledger

_KILLED = ("postgres", "standby")
_PROBED = ("pages-true",)
PAGE_WITHIN_S = 20.0
"""After the last command of the runbook a page has to come within so long."""
_PAGE = "/api/home"


async def rehearse(engine: Engine, report: Reporter) -> Rehearsed:
    """Rehearse once. The customers are sent away, and do not come back by themselves.

    The databases are killed while customers buy: nothing is flushed and nothing archived on the way down.
    Whoever interrupts it waits until the shop is back.

    Raises:
        UserError: no disasters happen in this scenario, too few customers come, or the shop is in trouble.
    """
    range_, places = engine.running, engine.places
    allowed = scenario_of(engine.record.scenario).manifest.disasters
    if allowed is None or range_.host is None:
        raise UserError("Nothing is rehearsed in this scenario", next_step="See: drill list")
    try:
        script = await read_runbook(engine, allowed)
        await asyncio.to_thread(nothing_elsewhere, range_)
    except UserError as error:
        return Rehearsed(wall(), wall(), failure=f"it was not begun, and nothing has happened. {error}")
    customers = await business(engine, allowed.before_s, report)
    lost = await _as_it_is(engine, report)
    try:
        report("rehearsal: both sites' servers die, and open shells with them; what lies off site is left")
        lost = replace(lost, struck=wall())
        scene = Scene(range_, random.Random())
        for name in _KILLED:
            await scene.kill(name)
        await customers.leave()
        await range_.stop()
        try:
            made = await to_its_end(asyncio.to_thread(stand_in, range_, places.aside))
        except UserError as error:
            return Rehearsed(lost.struck, wall(), failure=str(error))
        try:
            seen = await _on(made, script, lost, report)
            return await _looked_at(seen, made, engine, lost, allowed.before_s) if seen.restored else seen
        finally:
            await to_its_end(made.stop())
    finally:
        report("putting the shop back")
        await to_its_end(_back(range_, places))


async def _back(range_: Range, places: Places) -> None:
    with suppress(UserError):  # what cannot be ended must not keep the shop away
        await range_.stop()
    await asyncio.to_thread(put_back, range_.directory, places.aside)
    await range_.start()


async def _as_it_is(engine: Engine, report: Reporter) -> Disastered:
    """What there is, before all but the off-site storage is lost."""
    coming = Disastered(0, "rehearsal", "Only what lies off site is left", graded=False, struck=wall())
    subject, gone_before = await learner_now(engine, report), Disasters(engine.places).lost_keys()
    return await as_it_was(coming, subject, gone_before)


async def _on(made: Range, script: Script, lost: Disastered, report: Reporter) -> Rehearsed:
    """Run the runbook on a stand-in."""
    report("rehearsal: empty hosts start")
    await made.start(struck=True)
    began, failure = monotonic(), ""
    try:
        await run_script(made, script, report)
    except UserError as error:
        failure = f"{error.what} ({error.where.splitlines()[-1]})" if error.where else error.what
    served = not failure and await _shows_a_page(made)
    report("rehearsal: looking for everything that was there")
    seconds = monotonic() - began if served else None
    return Rehearsed(lost.struck, wall(), seconds, failure, archive=lost.archive)


async def _looked_at(
    seen: Rehearsed, made: Range, engine: Engine, lost: Disastered, before_s: float
) -> Rehearsed:
    """The same, with what is in the tables, on the pages and in force."""
    private, forgiven = engine.places.private, Disasters(engine.places).lost_keys()
    entries = await asyncio.to_thread(lambda: list(ledger.read(ledger_of(private, LEARNER))))
    tried, bought = bought_before(entries, lost.struck, before_s)
    subject = Subject(site_of(LEARNER, made), ledger_of(private, LEARNER), sessions_of(private, LEARNER))
    looks = await look(
        lost,
        subject,
        [each for each in entries if each.key not in forgiven | lost.missing],
        baseline=Baseline.load(private / "baseline.json"),
        gone_before=forgiven,
        probes=[probe for probe in shipped_probes() if probe.id in _PROBED],
    )
    differing = await asyncio.to_thread(not_restored, made, engine.places.aside)
    return replace(seen, ended=wall(), tried=tried, bought=bought, differing=tuple(differing), looks=looks)


async def _shows_a_page(made: Range) -> bool:
    at = made.addresses.endpoint("http")

    async def shown() -> bool:
        return await status_of(at, _PAGE) == 200

    try:
        await until(shown, deadline_s=PAGE_WITHIN_S, what="a page is shown", every_s=0.05)
    except DeadlineError:
        return False
    return True
