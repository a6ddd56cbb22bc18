"""Validate what changed in the workspace and put it to use."""

from pathlib import Path

from pydantic import JsonValue

from drillyard.base.clock import monotonic
from drillyard.base.errors import InvalidFilesError
from drillyard.drill.engine import Engine
from drillyard.drill.events import Applied, ApplyFailed, ApplyRefused
from drillyard.drill.operations import Reporter
from drillyard.drill.wire import Apply


async def run(engine: Engine, request: Apply, report: Reporter) -> JsonValue:
    """Apply the workspace; a bad file changes nothing."""
    running, began = engine.running, monotonic()
    try:
        applied = await running.apply(Path(engine.record.workspace), report)
    except InvalidFilesError as error:
        engine.store.append(ApplyRefused(problems=tuple(map(str, error.problems))))
        raise
    except BaseException:  # whatever it was: components may have been restarted
        engine.store.append(ApplyFailed(took_s=monotonic() - began))
        raise
    files = [change.name for change in applied.files]
    if files or applied.actions:
        took_s = monotonic() - began
        engine.store.append(Applied(files=tuple(files), actions=applied.actions, took_s=took_s))
    return {"files": list(files), "actions": list(applied.actions), "notices": list(applied.notices)}
