import pytest

from drillyard.assess.check import Evidence, Status, Verdict
from drillyard.assess.criteria import CriterionResult, criteria, points
from drillyard.assess.judge import CheckResult
from drillyard.scenario.manifest import Criterion

PASS, FAIL, DOUBT = Status.PASS, Status.FAIL, Status.INCONCLUSIVE


def judged(name: str, status: Status, *asked: Status) -> CheckResult:
    evidence = tuple(Evidence(f"{name} {number}", each, threshold="x") for number, each in enumerate(asked))
    return CheckResult(name, "t", name, Verdict(status, evidence))


def by_id(results: tuple[CriterionResult, ...]) -> dict[str, CriterionResult]:
    return {each.id: each for each in results}


def test_each_criterion_has_its_own_score_and_status() -> None:
    found = by_id(
        criteria(
            [judged("a", PASS), judged("b", PASS), judged("c", FAIL)],
            [judged("kept", PASS)],
            [judged("document:r.md", FAIL, PASS, PASS, PASS, FAIL)],
            [judged("analysis", PASS, PASS)],
            [
                Criterion(text="both", checks=("a", "kept")),
                Criterion(text="broken", checks=("a", "c")),
                Criterion(text="yours to say"),
            ],
        )
    )
    assert list(found) == ["tasks", "objectives", "documentation", "analysis"]
    assert found["tasks"].score == pytest.approx(2 / 3)
    assert found["objectives"].score == pytest.approx(1 / 2)
    assert found["documentation"].score == pytest.approx(3 / 4)
    assert found["analysis"].score == 1.0
    assert [each.status for each in found.values()] == [FAIL, FAIL, FAIL, PASS]
    assert [item.status for item in found["objectives"].items] == [PASS, FAIL, None]
    assert points(found.values()) == pytest.approx(100 * (2 / 3 + 1 / 2 + 3 / 4 + 1) / 4)


def test_checks_may_decide_whether_results_were_analysed() -> None:
    checks = [judged("a", PASS), judged("b", FAIL), judged("c", PASS)]
    found = by_id(criteria(checks, [], [], [], [], analysed_by=("a", "b", "gone")))["analysis"]
    assert (found.done, found.status) == ("1 of 2", FAIL)
    assert [item.decided_by for item in found.items] == [("a",), ("b",)]


def test_what_could_not_be_measured_is_neither_done_nor_held_against_anybody() -> None:
    doubted = [*(judged(f"a{number}", PASS) for number in range(9)), judged("b", DOUBT)]
    found = by_id(criteria(doubted, [], [], [], [Criterion(text="b", checks=("b",))]))
    assert found["tasks"].score == 1.0
    assert found["tasks"].status is DOUBT
    assert found["objectives"].score is None
    assert points(found.values()) == 100


def test_a_submission_of_which_little_could_be_measured_has_no_points() -> None:
    doubted = [judged("a", PASS), judged("b", DOUBT), judged("c", DOUBT)]
    assert points(criteria(doubted, [], [judged("document:r.md", PASS, PASS)], [], [])) is None


def test_what_is_not_asked_for_has_no_score() -> None:
    found = by_id(criteria([], [], [], [], []))
    assert [each.score for each in found.values()] == [None] * 4
    assert points(found.values()) is None


def test_a_criterion_decided_by_something_that_was_not_judged_is_in_doubt() -> None:
    found = by_id(criteria([judged("a", PASS)], [], [], [], [Criterion(text="x", checks=("a", "gone"))]))
    assert found["objectives"].items[0].status is DOUBT


def test_a_document_that_is_not_there_scores_nothing() -> None:
    found = by_id(criteria([], [], [judged("document:r.md", FAIL)], [], []))
    assert found["documentation"].score == 0.0


@pytest.mark.parametrize(("cost", "left"), [(0, 50), (20, 30), (80, 0)])
def test_hints_cost_points_and_never_more_than_there_are(cost: float, left: float) -> None:
    found = criteria([judged("a", PASS), judged("b", FAIL)], [], [], [], [])
    assert points(found, cost) == left
