"""The four criteria by which every scenario is assessed, each with its own score and what it rests on.

tasks completed: the checks of every task. objectives achieved: the manifest's success criteria, each decided
by checks that were measured anew at submission. documentation complete: sections, and figures with a
measurement behind them. results analysed: before, after and what remains.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from drillyard.assess.check import Evidence, Status, Verdict, combined
from drillyard.scenario.manifest import Criterion

DOCUMENT = "document:"
"""How the id of a document's verdict begins; its file follows."""
ANALYSIS = "analysis"
"""The id of the verdict on the analysis of the results."""
DECIDED = 0.8
"""With less of it measured, a score says more about the machine than about the work."""
POINTS = 100.0
"""Points that can be had; those for hints are taken off."""


class Judged(Protocol):
    """What a criterion is decided by: a check with its verdict."""

    @property
    def id(self) -> str:
        """Its name."""

    @property
    def title(self) -> str:
        """What holds when it passes."""

    @property
    def verdict(self) -> Verdict:
        """What was found."""


@dataclass(frozen=True)
class Item:
    """One thing that a criterion asks for. `decided_by` are the ids behind it; none where nobody measures it.

    `status` is None for what the learner judges.
    """

    text: str
    status: Status | None
    decided_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class CriterionResult:
    """One of the four. `score` is the share of its items that pass, 0 to 1, of those that could be measured.

    None when nothing of it is asked for, or nothing could be measured.
    """

    id: str
    title: str
    status: Status
    score: float | None
    items: tuple[Item, ...]

    @property
    def done(self) -> str:
        """How much of it is done, in words."""
        measured = [item.status for item in self.items if item.status is not None]
        if not measured:
            return "nothing asked"
        return f"{measured.count(Status.PASS)} of {len(measured)}"


def criteria(
    checks: Sequence[Judged],
    invariants: Sequence[Judged],
    documents: Sequence[Judged],
    analysis: Sequence[Judged],
    success: Iterable[Criterion],
    *,
    analysed_by: Iterable[str] = (),
) -> tuple[CriterionResult, ...]:
    """The four criteria of what was judged; `analysed_by` names what else decides the fourth."""
    known = {each.id: each for each in (*checks, *invariants, *documents, *analysis)}
    return (
        _result("tasks", "Tasks completed", [_of(each) for each in checks]),
        _result("objectives", "Objectives achieved", [_objective(each, known) for each in success]),
        _result("documentation", "Documentation complete", _asked(documents)),
        _result(
            "analysis",
            "Results analysed",
            [*_asked(analysis), *(_of(known[name]) for name in analysed_by if name in known)],
        ),
    )


def points(results: Iterable[CriterionResult], hints_cost: float = 0.0) -> float | None:
    """Points of 100: the mean of the criteria that have a score, less the hints, never below zero.

    None when none has, or when less than `DECIDED` of everything could be measured.
    """
    every = list(results)
    statuses = [item.status for each in every for item in each.items if item.status is not None]
    if statuses.count(Status.INCONCLUSIVE) > (1 - DECIDED) * len(statuses):
        return None
    known = [each.score for each in every if each.score is not None]
    return max(0.0, POINTS * sum(known) / len(known) - hints_cost) if known else None


def _of(judged: Judged) -> Item:
    return Item(judged.title, judged.verdict.status, (judged.id,))


def _objective(criterion: Criterion, known: dict[str, Judged]) -> Item:
    behind = [known[name].verdict.status for name in criterion.checks if name in known]
    lost = len(behind) < len(criterion.checks)
    status = combined([*behind, Status.INCONCLUSIVE] if lost else behind) if criterion.checks else None
    return Item(criterion.text, status, criterion.checks)


def _asked(judged: Iterable[Judged]) -> list[Item]:
    """Everything that was asked of a document, as items; a document that could not be judged is one."""
    found = []
    for each in judged:
        asked = [item for item in each.verdict.evidence if item.threshold]
        found += [_item(item, each.id) for item in asked] or [_of(each)]
    return found


def _item(evidence: Evidence, decided_by: str) -> Item:
    return Item(evidence.what, evidence.status, (decided_by,))


def _result(id: str, title: str, items: Sequence[Item]) -> CriterionResult:
    measured = [item.status for item in items if item.status in (Status.PASS, Status.FAIL)]
    score = sum(status is Status.PASS for status in measured) / len(measured) if measured else None
    statuses = [item.status for item in items if item.status is not None]
    return CriterionResult(id, title, combined(statuses), score, tuple(items))
