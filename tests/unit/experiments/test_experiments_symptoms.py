"""What shows a weakness: a reading that has moved that way, beyond what a healthy shop gives."""

import pytest

from drillyard.assess.experiments.finding_rules import Symptom
from drillyard.assess.experiments.looks import customers
from drillyard.assess.experiments.runs import Experiments, Observed

SERVED = "requests.success_ratio"


@pytest.mark.parametrize(
    ("symptom", "reading", "before", "value", "shown"),
    [
        (Symptom(SERVED, "down"), SERVED, 1.0, 0.6, True),
        (Symptom(SERVED, "down"), SERVED, 1.0, 0.95, False),  # a healthy shop gives that as well
        (Symptom(SERVED, "down"), SERVED, 0.5, 0.9, False),
        (Symptom(SERVED, "down"), SERVED, None, 0.6, False),  # nobody looked before
        (Symptom(SERVED, "down"), "latency.p95", 30.0, 3000.0, False),
        (Symptom("latency.p95", beyond=1500), "latency.p95", 30.0, 3000.0, True),
        (Symptom("latency.p95", beyond=1500), "latency.p95", 30.0, 400.0, False),
        (Symptom("db.query.calls.*", beyond=7.5), "db.query.calls.bestsellers", 1.0, 12.0, True),
        (Symptom("db.query.calls.*", beyond=7.5), "db.query.calls.bestsellers", 1.0, 5.0, False),
    ],
)
def test_a_symptom_is_shown_by_what_moved_and_by_nothing_else(
    symptom: Symptom, reading: str, before: float | None, value: float, *, shown: bool
) -> None:
    seen = Observed(10.0, 15.0, {reading: value, "requests.count": 125.0})
    assert symptom.is_shown(seen, reading, before) is shown


@pytest.mark.parametrize(("rate", "shown"), [(0.0, True), (25.0, True), (80.0, True), (110.0, False)])
def test_what_follows_from_orders_is_more_where_more_is_ordered(rate: float, *, shown: bool) -> None:
    seen = Observed(10.0, 15.0, {"jobs.retries": 190.0, "requests.count": 125.0})
    symptom = Symptom("jobs.retries*", beyond=100, rate=25)
    assert symptom.is_shown(seen, "jobs.retries", 0.0, rate) is shown


def test_a_symptom_says_what_it_asked_for() -> None:
    symptom = Symptom("jobs.retries*", beyond=100, rate=25)
    assert symptom.said(10.0) == "jobs.retries* up beyond 100 (in 5 s, with 10 requests a second)"
    assert symptom.said(100.0) == "jobs.retries* up beyond 200 (in 5 s, with 100 requests a second)"
    assert Symptom(SERVED, "down").said(100.0) == "requests.success_ratio down"


def test_jobs_follow_their_orders_for_a_minute() -> None:
    def look(at: float, requests: float) -> Observed:
        return Observed(at, at + 5, {"requests.count": requests})

    seen = look(100.0, 125.0)
    known = Experiments(observed=(look(20.0, 5000.0), look(60.0, 500.0), seen, look(110.0, 5000.0)))
    assert customers(seen, known) == pytest.approx(62.5)
    assert customers(seen, Experiments()) == 0.0


def test_short_looks_do_not_count_customers() -> None:
    """Requests are counted once a second: a look of a fifth of one has all of them, or none."""
    short, seen = (
        Observed(at, at + length, {"requests.count": 25.0 * max(length, 1.0)})
        for at, length in ((80.0, 0.2), (100.0, 5.0))
    )
    assert customers(seen, Experiments(observed=(short, seen))) == pytest.approx(25.0)
    assert customers(short, Experiments(observed=(short,))) == 0.0


@pytest.mark.parametrize(
    ("p95", "requests", "shown"), [(4000.0, 30.0, True), (1600.0, 30.0, False), (1600.0, 75.0, True)]
)
def test_few_requests_show_what_stalls_them(p95: float, requests: float, *, shown: bool) -> None:
    seen = Observed(10.0, 12.0, {"latency.p95": p95, "requests.count": requests})
    assert Symptom("latency.p95", beyond=1500).is_shown(seen, "latency.p95", 30.0) is shown
