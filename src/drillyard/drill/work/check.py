"""Judge one task from a quick measurement, or all from a longer one."""

from pydantic import JsonValue

from drillyard.assess.check import combined, for_task
from drillyard.assess.judge import judge_task
from drillyard.drill import once
from drillyard.drill.engine import Engine
from drillyard.drill.measuring import Measuring
from drillyard.drill.operations import Reporter
from drillyard.drill.store import CheckRow
from drillyard.drill.verdict_views import invariants_view, task_view
from drillyard.drill.views import CheckedView
from drillyard.drill.wire import Check


async def run(engine: Engine, request: Check, report: Reporter) -> JsonValue:
    """Measure what the checks need, judge, and keep the verdicts."""
    measuring = Measuring(engine, report)
    manifest = measuring.scenario.manifest
    tasks = [measuring.scenario.task(request.task)] if request.task else list(manifest.tasks)
    checks = {check.id: check for task in tasks for check in for_task(measuring.checks, task.id)}
    name = measuring.next_name()
    kind = "quick" if request.task else "all"
    measurement = await measuring.take(
        kind, name, checks=checks.values(), label=f"check {request.task}".strip()
    )
    passed = once.passed(engine.store)
    judged = [judge_task(manifest, task, measuring.checks, measurement, passed) for task in tasks]
    kept = invariants_view(judged[0][1])
    views = [task_view(result, kept=kept.outcome != "fail") for result, _ in judged]
    for view in views:
        engine.store.keep_check(
            CheckRow(measurement.ended, None, view.task, view.outcome, view.model_dump_json())
        )
    outcome = combined([result.status for result, _ in judged]).value
    shown: JsonValue = CheckedView(
        outcome="fail" if kept.outcome == "fail" else outcome, tasks=[*views, kept], measurement=name
    ).model_dump(mode="json")
    return shown
