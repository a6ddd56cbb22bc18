"""Back to the start state: the same flaws, fresh data, a fresh workspace; nothing of the learner's goes."""

import time
from pathlib import Path

from pydantic import JsonValue

from drillyard.base.tasks import to_its_end
from drillyard.drill.disasters import Disasters
from drillyard.drill.engine import Engine
from drillyard.drill.making import LEARNER
from drillyard.drill.observations import Observations
from drillyard.drill.operations import Reporter
from drillyard.drill.wire import Reset
from drillyard.drill.work import customers_come


async def run(engine: Engine, request: Reset, report: Reporter) -> JsonValue:
    """Reset the learner's range and workspace; the subjects are made anew when they are next needed."""
    range_ = engine.running
    report("sending the customers away")
    if faults := engine.faults:
        await to_its_end(faults.close())
        engine.faults = None
    if engine.customers:
        await engine.customers.leave()
    if engine.subjects:
        await engine.subjects.forget()
    engine.maker.begin_reset(LEARNER)
    aside = _move_aside(Path(engine.record.workspace))
    report("making the workspace")
    await engine.maker.make_workspace(LEARNER, range_)
    await engine.maker.reset(LEARNER, range_, report)
    if faults:
        faults.forget()
    Disasters(engine.places).forget()
    Observations(engine.places.private).forget()
    for name in ("baseline.json", "ledger/learner.jsonl", "ledger/learner-requests"):
        (engine.places.private / name).unlink(missing_ok=True)
    engine.store.reset(keep_notes=request.keep_notes)
    await customers_come.come(engine, range_, report)
    return {"aside": str(aside) if aside else None}


def _move_aside(workspace: Path) -> Path | None:
    """Keep the learner's files beside the new workspace."""
    if not workspace.is_dir():
        return None
    aside = workspace.with_name(f"{workspace.name}-before-reset-{time.strftime('%Y%m%d-%H%M%S')}")
    workspace.rename(aside)
    return aside
