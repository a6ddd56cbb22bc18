"""When the counters of statements prove nothing, without a database."""

import pytest

from drillyard.measure.sources.postgres import (
    _STATEMENT_READINGS,
    _Snapshot,
    _Statement,
    _why_statements_prove_nothing,
)


def snapshot(*, calls: float, commits: float, reset: float = 1.0) -> _Snapshot:
    figures = tuple(calls if name == "calls" else 0.0 for name in _STATEMENT_READINGS)
    database = {"commits": commits, "rollbacks": 0.0}
    return _Snapshot({"1/2/true": _Statement("", figures)}, database, 0.0, reset, 1.0, counts_all=True)


START = snapshot(calls=1000, commits=5000)


@pytest.mark.parametrize(
    ("calls", "commits", "reason"),
    [
        (1900, 5300, ""),
        (1900, 5900, ""),
        (1100, 5900, "as whom does the shop sign in"),
        (1000, 5900, "counted nothing"),
        (1001, 5050, ""),
    ],
)
def test_transactions_without_statements_are_noticed(calls: float, commits: float, reason: str) -> None:
    found = _why_statements_prove_nothing(START, snapshot(calls=calls, commits=commits), requests=240)
    assert (reason in found) if reason else found == ""


def test_a_reset_is_noticed_before_anything_is_compared() -> None:
    found = _why_statements_prove_nothing(START, snapshot(calls=10, commits=5100, reset=2.0), requests=240)
    assert "was reset" in found
