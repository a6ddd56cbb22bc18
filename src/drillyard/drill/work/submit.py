"""Judge the whole drill: restart the range, measure everything anew, judge, report.

Each stage is noted when it is done, and windows of the measurement are kept as they are made: a submission
that was cut short goes on where it was, unless another release was applied meanwhile: then it begins anew.
"""

import asyncio
import shutil

from pydantic import JsonValue

from drillyard.assess import report as reports
from drillyard.assess.judge import Judgement, judge_submission
from drillyard.base.clock import wall
from drillyard.drill.engine import Engine
from drillyard.drill.events import Submitted
from drillyard.drill.making import LEARNER
from drillyard.drill.measuring import Measuring
from drillyard.drill.operations import Reporter
from drillyard.drill.report_text import Extras, markdown
from drillyard.drill.store import CheckRow
from drillyard.drill.verdict_views import task_view
from drillyard.drill.views import ReportView
from drillyard.drill.wire import Submit
from drillyard.scenario.scenario import Scenario


def _planted(scenario: Scenario, variant: str) -> tuple[str, ...]:
    return tuple(f"{flaw.family}: {flaw.title}" for flaw in scenario.variant(variant).flaws)


async def run(engine: Engine, request: Submit, report: Reporter) -> JsonValue:
    """Submit; interrupted, it can be gone on with."""
    engine.running  # noqa: B018 - says what is wrong when nothing runs
    attempt = engine.store.begin_attempt()
    stage = next(row.stage for row in engine.store.attempts() if row.id == attempt)
    name, restarted = f"s{attempt}", f"restarted with release {engine.running.releases.current.number}"
    try:
        if stage != restarted:
            # Windows of another release would be judged as this one's.
            await asyncio.to_thread(shutil.rmtree, engine.places.measurement(name), ignore_errors=True)
            report("restarting the range: what was mended has to stay mended")
            await engine.maker.restart(LEARNER, engine.running, report)
            stage = restarted
            engine.store.update_attempt(attempt, state="running", stage=stage)
        measuring = Measuring(engine, report)
        measurement = await measuring.take(
            "full", name, checks=measuring.checks, label=f"submission {attempt}", resumable=True
        )
    except BaseException:
        engine.store.update_attempt(attempt, state="interrupted", stage=stage)
        raise
    report("judging", 0.99)
    judgement = judge_submission(
        measuring.scenario.manifest,
        measuring.scenario.slug,
        measuring.checks,
        measurement,
        seconds_active=engine.store.active_s(),
    )
    made = reports.build(judgement, measurement)
    text = await asyncio.to_thread(
        markdown,
        made,
        Extras(
            hints_cost=_hints_cost(engine),
            notes=_notes(engine),
            planted=_planted(measuring.scenario, engine.record.variant),
            debrief=measuring.scenario.debrief(),
        ),
    )
    view = ReportView(
        attempt=attempt, outcome=judgement.status.value, markdown=text, data=reports.to_json(made)
    )
    _keep(engine, attempt, judgement, view)
    shown: JsonValue = view.model_dump(mode="json")
    return shown


def _keep(engine: Engine, attempt: int, judgement: Judgement, view: ReportView) -> None:
    """All of the outcome or nothing of it."""
    with engine.store.transaction():
        for task in map(task_view, judgement.tasks):
            engine.store.keep_check(
                CheckRow(wall(), attempt, task.task, task.outcome, task.model_dump_json())
            )
        engine.store.end_attempt(attempt, outcome=view.outcome, report=view.model_dump_json())
        engine.store.append(Submitted(attempt=attempt, outcome=view.outcome))


def _hints_cost(engine: Engine) -> float:
    return sum(hint.cost for hint in engine.store.hints())


def _notes(engine: Engine) -> tuple[str, ...]:
    return tuple(note.text for note in engine.store.notes())
