"""Verdicts of the room `assess` as the API shows them."""

import math
from collections.abc import Iterable

from drillyard.assess.check import Evidence, combined
from drillyard.assess.judge import CheckResult, TaskResult
from drillyard.drill.views import EvidenceView, TaskVerdictView, VerdictView


def task_view(result: TaskResult, *, kept: bool = True) -> TaskVerdictView:
    """One task; `kept` says that no invariant failed beside it."""
    return TaskVerdictView(
        task=result.id,
        title=result.title,
        outcome=result.status.value,
        checks=[_check(each) for each in result.checks],
        self_assessed=result.self_assessed,
        kept=kept,
    )


def invariants_view(results: Iterable[CheckResult]) -> TaskVerdictView:
    """What must hold all along, as a task of its own."""
    checks = list(results)
    return TaskVerdictView(
        task="invariants",
        title="What must hold all along",
        outcome=combined([each.verdict.status for each in checks]).value,
        checks=[_check(each) for each in checks],
    )


def _check(result: CheckResult) -> VerdictView:
    verdict = result.verdict
    return VerdictView(
        id=result.id,
        title=result.title,
        when=str(result.when),
        status=verdict.status.value,
        reason=verdict.reason,
        our_bug=verdict.our_bug,
        evidence=[_evidence(each) for each in verdict.evidence],
    )


def _evidence(evidence: Evidence) -> EvidenceView:
    return EvidenceView(
        what=evidence.what,
        status=evidence.status.value,
        value=_finite(evidence.value),
        low=_finite(evidence.low),
        high=_finite(evidence.high),
        threshold=evidence.threshold,
        unit=evidence.unit,
        source=evidence.source,
        look_next=evidence.look_next,
        reason=evidence.reason,
        aside=evidence.aside,
    )


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
