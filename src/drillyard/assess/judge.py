"""Judging a measurement: checks, invariants, documents, tasks, and the submission as a whole.

A check that breaks is our fault: it counts as inconclusive, says so, and never passes. Nothing here measures.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from drillyard.assess.check import Check, Status, Verdict, inconclusive
from drillyard.assess.documents import documents_verdicts
from drillyard.assess.invariants import invariants
from drillyard.assess.measurement import Measurement, MissingReadingError
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

    `status` passes when every task, invariant and document passes; it fails when any of them fails.
    """

    scenario: str
    title: str
    variant: str
    measurement: str
    status: Status
    tasks: tuple[TaskResult, ...]
    invariants: tuple[CheckResult, ...]
    documents: tuple[CheckResult, ...]
    scores: tuple[Score, ...]
    success_criteria: tuple[str, ...]
    seconds_active: float = 0.0
    """Time that the learner spent; 0 when it is not known."""

    def all_results(self) -> tuple[CheckResult, ...]:
        """Every check of every kind."""
        return (*(c for task in self.tasks for c in task.checks), *self.invariants, *self.documents)


def run_check(check: Check, measurement: Measurement) -> CheckResult:
    """The verdict of one check; whatever it raises is inconclusive."""
    return CheckResult(check.id, check.task, check.title, _verdict(check, measurement), check.invariant)


def _verdict(check: Check, measurement: Measurement) -> Verdict:
    try:
        verdict: object = check.judge(measurement)
    except MissingReadingError as error:
        return inconclusive(str(error), what=check.title)
    except Exception as error:  # a check is content: whatever it raises is reported, never trusted
        reason = f"this check is broken ({type(error).__name__}: {error}); it is not your fault"
        return inconclusive(reason, what=check.title, our_bug=True)
    if not isinstance(verdict, Verdict):
        reason = f"this check gave {type(verdict).__name__} instead of a verdict; it is not your fault"
        return inconclusive(reason, what=check.title, our_bug=True)
    return verdict


def judge_task(
    manifest: Manifest, task: Task, checks: Iterable[Check], measurement: Measurement
) -> tuple[TaskResult, tuple[CheckResult, ...]]:
    """One task, and the invariants beside it, from a quick measurement."""
    result = _task(task, {check.id: check for check in checks}, measurement)
    return result, tuple(run_check(check, measurement) for check in invariants(manifest))


def judge_submission(
    manifest: Manifest,
    slug: str,
    checks: Sequence[Check],
    measurement: Measurement,
    *,
    seconds_active: float = 0.0,
) -> Judgement:
    """The whole: `measurement` is a full one, with documents attached (`documents.with_workspace`)."""
    by_id = {check.id: check for check in checks}
    tasks = tuple(_task(task, by_id, measurement) for task in manifest.tasks)
    kept = tuple(run_check(check, measurement) for check in invariants(manifest))
    documents = tuple(
        CheckResult(f"document:{file}", "", f"{file} is complete", verdict)
        for file, verdict in documents_verdicts(measurement, manifest).items()
    )
    parts = [task.status for task in tasks] + [r.verdict.status for r in (*kept, *documents)]
    return Judgement(
        scenario=slug,
        title=manifest.title,
        variant=measurement.variant,
        measurement=measurement.id,
        status=combined(parts),
        tasks=tasks,
        invariants=kept,
        documents=documents,
        scores=scores(measurement),
        success_criteria=manifest.success_criteria,
        seconds_active=seconds_active,
    )


def _task(task: Task, by_id: dict[str, Check], measurement: Measurement) -> TaskResult:
    results = tuple(
        run_check(by_id[name], measurement) if name in by_id else _unknown(name, task) for name in task.checks
    )
    status = combined([result.verdict.status for result in results]) if results else Status.PASS
    return TaskResult(task.id, task.title, status, results, task.self_assessed)


def _unknown(name: str, task: Task) -> CheckResult:
    reason = f"the scenario names a check {name!r} that its checks.py does not have; it is not your fault"
    return CheckResult(name, task.id, name, inconclusive(reason, our_bug=True))


def combined(statuses: Iterable[Status]) -> Status:
    """Fails when any fails, else inconclusive when any is, else passes."""
    found = set(statuses)
    for status in (Status.FAIL, Status.INCONCLUSIVE):
        if status in found:
            return status
    return Status.PASS
