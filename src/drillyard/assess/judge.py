"""Judging a measurement: checks, invariants, documents, tasks, and the submission as a whole.

A check that breaks is our fault: it counts as inconclusive, says so, and never passes. Nothing here measures.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from drillyard.assess.analysis import analysed
from drillyard.assess.check import AT_END, Check, Status, Verdict, When, combined, inconclusive
from drillyard.assess.criteria import ANALYSIS, DOCUMENT, CriterionResult, criteria
from drillyard.assess.documents import document_verdict
from drillyard.assess.invariants import invariants
from drillyard.assess.measurement import Measurement, MissingReadingError
from drillyard.assess.moments import Passed, judged
from drillyard.assess.scores import Score, scores
from drillyard.scenario.manifest import Manifest, Task


@dataclass(frozen=True)
class CheckResult:
    """One check with its verdict."""

    id: str
    task: str
    title: str
    verdict: Verdict
    invariant: bool = False
    when: When = AT_END


@dataclass(frozen=True)
class TaskResult:
    """One task: passes when all its checks pass, fails when any fails.

    `self_assessed` says why a task without checks cannot be measured; such a task passes.
    """

    id: str
    title: str
    status: Status
    checks: tuple[CheckResult, ...]
    self_assessed: str = ""


@dataclass(frozen=True)
class Judgement:
    """Everything that was judged of one measurement.

    `status` passes when every task, invariant and document passes, and the analysis of the results does; it
    fails when any of them fails. `criteria` are the four that every scenario is assessed by.
    """

    scenario: str
    title: str
    variant: str
    measurement: str
    status: Status
    tasks: tuple[TaskResult, ...]
    invariants: tuple[CheckResult, ...]
    documents: tuple[CheckResult, ...]
    analysis: tuple[CheckResult, ...]
    criteria: tuple[CriterionResult, ...]
    scores: tuple[Score, ...]
    seconds_active: float = 0.0
    """Time that the learner spent; 0 when it is not known."""

    def all_results(self) -> tuple[CheckResult, ...]:
        """Every check of every kind."""
        return (
            *(check for task in self.tasks for check in task.checks),
            *self.invariants,
            *self.documents,
            *self.analysis,
        )


def run_check(
    check: Check, measurement: Measurement, passed: Mapping[str, Passed] | None = None
) -> CheckResult:
    """The verdict of one check, as its moment asks for it; whatever it raises is inconclusive.

    `passed` are the checks that passed earlier, for those that have to hold once.
    """
    verdict = judged(check, measurement, partial(_verdict, check), passed)
    return CheckResult(check.id, check.task, check.title, verdict, check.invariant, check.when)


def _verdict(check: Check, measurement: Measurement) -> Verdict:
    return _guarded(partial(check.judge, measurement), check.title)


def _guarded(judge: Callable[[], object], title: str) -> Verdict:
    """What `judge` says; whatever it raises or says instead of a verdict is inconclusive."""
    try:
        verdict = judge()
    except MissingReadingError as error:
        return inconclusive(str(error), what=title)
    except Exception as error:  # a check is content: whatever it raises is reported, never trusted
        reason = f"this check is broken ({type(error).__name__}: {error}); it is not your fault"
        return inconclusive(reason, what=title, our_bug=True)
    if not isinstance(verdict, Verdict):
        reason = f"this check gave {type(verdict).__name__} instead of a verdict; it is not your fault"
        return inconclusive(reason, what=title, our_bug=True)
    return verdict


def judge_task(
    manifest: Manifest,
    task: Task,
    checks: Iterable[Check],
    measurement: Measurement,
    passed: Mapping[str, Passed] | None = None,
) -> tuple[TaskResult, tuple[CheckResult, ...]]:
    """One task, and the invariants beside it, from a quick measurement; `passed` as for `run_check`.

    Checks that only a submission can decide are left out.
    """
    by_id = {check.id: check for check in checks}
    quick = [name for name in task.checks if name not in by_id or by_id[name].quick]
    result = _task(task.model_copy(update={"checks": quick}), by_id, measurement, passed)
    return result, tuple(run_check(check, measurement) for check in invariants(manifest))


def judge_submission(
    manifest: Manifest,
    slug: str,
    checks: Sequence[Check],
    measurement: Measurement,
    *,
    seconds_active: float = 0.0,
    passed: Mapping[str, Passed] | None = None,
) -> Judgement:
    """The whole: `measurement` is a full one, with documents attached (`documents.with_workspace`)."""
    by_id = {check.id: check for check in checks}
    tasks = tuple(_task(task, by_id, measurement, passed) for task in manifest.tasks)
    kept = tuple(run_check(check, measurement) for check in invariants(manifest))
    documents = tuple(
        _document(partial(document_verdict, measurement, each), f"{DOCUMENT}{each.file}", each.file)
        for each in manifest.documents
    )
    analysis = _analysed(manifest, measurement)
    parts = [task.status for task in tasks] + [r.verdict.status for r in (*kept, *documents, *analysis)]
    return Judgement(
        scenario=slug,
        title=manifest.title,
        variant=measurement.variant,
        measurement=measurement.id,
        status=combined(parts),
        tasks=tasks,
        invariants=kept,
        documents=documents,
        analysis=analysis,
        criteria=criteria(
            [result for task in tasks for result in task.checks],
            kept,
            documents,
            analysis,
            manifest.success_criteria,
            analysed_by=manifest.analysed_by,
        ),
        scores=scores(measurement),
        seconds_active=seconds_active,
    )


def _analysed(manifest: Manifest, measurement: Measurement) -> tuple[CheckResult, ...]:
    if manifest.analysis is None:
        return ()
    title = f"{manifest.analysis.document} says what changed and what remains, and it is true"
    verdict = _guarded(partial(analysed, measurement, manifest.analysis), title)
    return (CheckResult(ANALYSIS, "", title, verdict),)


def _document(judge: Callable[[], Verdict], name: str, file: str) -> CheckResult:
    title = f"{file} is complete"
    return CheckResult(name, "", title, _guarded(judge, title))


def _task(
    task: Task, by_id: dict[str, Check], measurement: Measurement, passed: Mapping[str, Passed] | None
) -> TaskResult:
    results = tuple(
        run_check(by_id[name], measurement, passed) if name in by_id else _unknown(name, task)
        for name in task.checks
    )
    status = combined([result.verdict.status for result in results]) if results else Status.PASS
    return TaskResult(task.id, task.title, status, results, task.self_assessed)


def _unknown(name: str, task: Task) -> CheckResult:
    reason = f"the scenario names a check {name!r} that its checks.py does not have; it is not your fault"
    return CheckResult(name, task.id, name, inconclusive(reason, our_bug=True))
