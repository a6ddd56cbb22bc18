"""Judge one task from a quick measurement, or all from a longer one."""

import asyncio
from dataclasses import replace

from pydantic import JsonValue

from drillyard.assess.check import Check as AssessedCheck
from drillyard.assess.check import Status, Verdict, combined, for_task, inconclusive
from drillyard.assess.judge import judge_task
from drillyard.assess.measurement import Measurement
from drillyard.base.clock import wall
from drillyard.drill import once
from drillyard.drill.engine import Engine
from drillyard.drill.measuring import Measuring
from drillyard.drill.operations import Reporter
from drillyard.drill.store import CheckRow
from drillyard.drill.verdict_views import invariants_view, task_view
from drillyard.drill.views import CheckedView
from drillyard.drill.wire import Check
from drillyard.scenario.manifest import Task


async def run(engine: Engine, request: Check, report: Reporter) -> JsonValue:
    """Measure what the checks need, judge, and keep the verdicts.

    Of one task the checks that only read what was written are asked first: when one fails nothing is
    measured, and the learner is not kept waiting for a figure that a slip of the pen makes worthless.
    """
    measuring = Measuring(engine, report)
    manifest = measuring.scenario.manifest
    tasks = [measuring.scenario.task(request.task)] if request.task else list(manifest.tasks)
    if request.task and (refused := await asyncio.to_thread(_read, engine, measuring, tasks[0])):
        return refused.model_dump(mode="json")
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


def _read(engine: Engine, measuring: Measuring, task: Task) -> CheckedView | None:
    """The task's verdict by what was written alone, where that fails; else None."""
    own = [each for each in measuring.checks if each.task == task.id and not each.invariant]
    if not any(_only_reads(each) for each in own):
        return None
    checks = [each if _only_reads(each) else replace(each, judge=_not_yet) for each in own]
    unmeasured = measuring.with_documents(measuring.unmeasured())
    result, _ = judge_task(measuring.scenario.manifest, task, checks, unmeasured, once.passed(engine.store))
    if result.status is not Status.FAIL:
        return None
    view = task_view(result)
    engine.store.keep_check(CheckRow(wall(), None, view.task, view.outcome, view.model_dump_json()))
    return CheckedView(outcome=view.outcome, tasks=[view], measurement="")


def _only_reads(check: AssessedCheck) -> bool:
    return not check.needs and not check.probes


def _not_yet(_: Measurement) -> Verdict:
    return inconclusive("nothing was measured yet: first mend what was written")
