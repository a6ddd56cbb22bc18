"""Judge the whole drill: restart the range, measure everything anew, judge, report.

Each stage is noted when it is done, and windows of the measurement are kept as they are made: a submission
that was cut short goes on where it was, unless another release was applied meanwhile: then it begins anew.
"""

import asyncio
import shutil
from pathlib import Path

from pydantic import JsonValue

from drillyard.assess.check import Status
from drillyard.assess.judge import Judgement, judge_submission
from drillyard.assess.measurement import Measurement
from drillyard.assess.report import content as reports
from drillyard.assess.report.file import page as page_of
from drillyard.assess.report.file import signed_json
from drillyard.assess.report.text import markdown
from drillyard.base.clock import wall
from drillyard.base.signing import MachineKey
from drillyard.drill import once
from drillyard.drill.engine import Engine
from drillyard.drill.events import Submitted
from drillyard.drill.making import LEARNER
from drillyard.drill.measuring import Measuring
from drillyard.drill.operations import Reporter
from drillyard.drill.results import with_attempts
from drillyard.drill.store import CheckRow
from drillyard.drill.story import story_of
from drillyard.drill.verdict_views import task_view
from drillyard.drill.views import ReportView
from drillyard.drill.wire import Submit


async def run(engine: Engine, request: Submit, report: Reporter) -> JsonValue:
    """Submit; interrupted, it can be gone on with."""
    engine.running  # noqa: B018 - says what is wrong when nothing runs
    engine.require_calm()
    key = MachineKey.here()
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
        report("judging", 0.99)
        view = await asyncio.to_thread(_judge, engine, measuring, measurement, attempt, key)
    except BaseException:
        engine.store.update_attempt(attempt, state="interrupted", stage=stage)
        raise
    await asyncio.to_thread(_write, view, report)
    shown: JsonValue = with_attempts(view, engine.store).model_dump(mode="json")
    return shown


def _judge(
    engine: Engine, measuring: Measuring, measurement: Measurement, attempt: int, key: MachineKey
) -> ReportView:
    """The report of a submission, kept."""
    scenario = measuring.scenario
    judgement = judge_submission(
        scenario.manifest,
        scenario.slug,
        measuring.checks,
        measurement,
        seconds_active=engine.store.active_s(),
        passed=once.passed(engine.store),
    )
    story = story_of(
        engine.store,
        scenario,
        engine.record.variant,
        drill=engine.record.name,
        attempt=attempt,
        passed=judgement.status is Status.PASS,
    )
    made = reports.build(judgement, measurement, story)
    view = ReportView(
        attempt=attempt,
        outcome=made.status.value,
        points=made.points,
        markdown=markdown(made),
        data=signed_json(made, key),
        files=[str(path) for path in _files(engine, attempt)],
    )
    _keep(engine, attempt, judgement, view)
    return view


def _files(engine: Engine, attempt: int) -> tuple[Path, Path]:
    """Where the page and the data of an attempt lie, in the learner's workspace."""
    stem = Path(engine.record.workspace) / "reports" / f"attempt-{attempt}"
    return stem.with_suffix(".html"), stem.with_suffix(".json")


def _write(view: ReportView, report: Reporter) -> None:
    """Write the files; the report is kept by the drill whatever happens to them."""
    page, data = map(Path, view.files)
    try:
        page.parent.mkdir(exist_ok=True)
        data.write_bytes(view.data.encode())
        page.write_bytes(page_of(view.data).encode())
    except OSError as error:
        report(f"no report could be written to {page.parent}: {error.strerror}; `drill report -o FILE` does")


def _keep(engine: Engine, attempt: int, judgement: Judgement, view: ReportView) -> None:
    """All of the outcome or nothing of it."""
    with engine.store.transaction():
        for task in map(task_view, judgement.tasks):
            engine.store.keep_check(
                CheckRow(wall(), attempt, task.task, task.outcome, task.model_dump_json())
            )
        engine.store.end_attempt(attempt, outcome=view.outcome, report=view.model_dump_json())
        engine.store.append(Submitted(attempt=attempt, outcome=view.outcome))
