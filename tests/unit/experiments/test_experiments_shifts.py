"""When a reading has moved, as readings of its kind do: each bound from both sides."""

import pytest

from drillyard.assess.experiments.shifts import Values, change
from drillyard.faults.fault import Moves

CALM = (0.0, 0.0, 0.0)
WELL = (1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("reading", "before", "during", "moved"),
    [
        # what never happens: one look shows it
        *(
            (reading, CALM, (0.0, 1.0, 0.0), True)
            for reading in (
                "business.payment_failures", "cache.errors", "jobs.failed.send_mail", "jobs.retries",
                "partner.doubled", "partner.unkept", "processes.cpu.neighbour", "processes.restarts",
                "services.down", "requests.indeterminate",
            )
        ),
        ("jobs.retries", CALM, CALM, False),
        ("jobs.retries", CALM, (0.0, 0.2, 0.0), True),  # one of a look of 25 s
        ("services.down", CALM, (0.0, 0.4, 0.0), False),  # a level, not a sum
        # now and then before: by more than chance beside the most of before
        ("jobs.retries", (0.0, 1.0, 0.0), (0.0, 4.0, 0.0), False),
        ("jobs.retries", (0.0, 1.0, 0.0), (0.0, 5.0, 0.0), True),
        # most of the time before: medians
        ("jobs.retries", (1.0, 1.0, 9.0), (2.0, 9.0, 2.0), False),
        ("jobs.retries", (1.0, 1.0, 9.0), (5.0, 5.0, 0.0), True),
        # shares of what does not happen
        ("requests.success_ratio", WELL, (0.972, 0.972, 0.972), False),
        ("requests.success_ratio", WELL, (0.96, 0.96, 1.0), True),
        ("requests.success_ratio", WELL, (0.96, 1.0, 1.0), False),
        ("requests.success_ratio", WELL, (0.91, 1.0, 1.0), False),
        ("requests.success_ratio", WELL, (0.89, 1.0, 1.0), True),
        ("shop.errors_ratio", CALM, (0.04, 0.04, 0.0), True),
        ("shop.errors_ratio", CALM, (0.02, 0.02, 0.0), False),
        # and of what did happen before
        ("requests.success_ratio", (0.94, 0.94, 0.94), (0.85, 0.85, 0.85), False),
        ("requests.success_ratio", (0.94, 0.94, 0.94), (0.83, 0.83, 0.83), True),
        ("requests.success_ratio", (0.96, 0.96, 0.96), (0.92, 0.92, 0.92), True),
        # other shares: a jump in one look, or medians
        ("cache.hit_ratio", (0.7, 0.66, 0.68), (0.7, 0.4, 0.7), True),
        ("cache.hit_ratio", (0.7, 0.66, 0.68), (0.7, 0.42, 0.7), False),
        ("cache.hit_ratio", (0.7, 0.66, 0.68), (0.57, 0.57, 0.7), True),
        ("cache.hit_ratio", (0.7, 0.66, 0.68), (0.59, 0.59, 0.7), False),
        # time
        ("latency.p95", (26.0, 26.0, 26.0), (69.0, 69.0, 69.0), False),
        ("latency.p95", (26.0, 26.0, 26.0), (72.0, 72.0, 20.0), True),
        ("latency.p95", (26.0, 26.0), (72.0, 72.0, 72.0), True),
        ("latency.p95", (26.0, 30.0), (72.0, 72.0, 72.0), False),  # of few the farthest
        ("latency.p95", (26.0, 26.0, 26.0), (72.0, 60.0), False),  # and the nearest
        ("latency.p95", (26.0,), (132.0, 132.0, 132.0), False),
        ("latency.p95", (26.0,), (138.0, 138.0, 138.0), True),
        ("latency.p95", (26.0,), (260.0,), False),
        ("latency.p95", (26.0,), (270.0,), True),
        # what the partner takes, and jobs that are not alike
        ("jobs.duration.charge_payment", (150.0, 150.0, 150.0), (228.0, 228.0, 228.0), False),
        ("jobs.duration.charge_payment", (150.0, 150.0, 150.0), (232.0, 232.0, 232.0), True),
        ("jobs.duration.make_report", (20.0, 20.0, 60.0), (100.0, 100.0, 100.0), False),
        ("jobs.duration.make_report", (20.0, 20.0, 20.0), (100.0, 100.0, 100.0), True),
        # what jumps by itself: alone, and by chance
        ("queue.oldest_max", (0.0, 0.0, 0.0), (0.9, 0.9, 0.9), False),
        ("queue.oldest_max", (0.0, 0.0, 0.0), (1.1, 1.1, 1.1), True),
        ("queue.oldest_max", (1.0, 1.0, 1.0), (4.9, 4.9, 4.9), False),
        ("queue.oldest_max", (1.0, 1.0, 1.0), (5.1, 5.1, 5.1), True),
        ("pool.waiting.max", (1.0, 1.0, 1.0), (4.0, 4.0, 4.0), False),
        ("pool.waiting.max", (1.0, 1.0, 1.0), (5.0, 5.0, 5.0), True),
        ("pool.waiting.max", (10.0,), (26.0, 26.0, 26.0), False),
        ("pool.waiting.max", (10.0,), (27.0, 27.0, 27.0), True),
        # counts
        ("db.calls", (1000.0,) * 3, (1299.0,) * 3, False),
        ("db.calls", (1000.0,) * 3, (1302.0,) * 3, True),
        ("jobs.done", (4.0,) * 3, (10.0,) * 3, False),  # three standard deviations
        ("jobs.done", (4.0,) * 3, (11.0,) * 3, True),
        ("db.calls", (1000.0,), (1680.0,) * 3, False),
        ("db.calls", (1000.0,), (1700.0,) * 3, True),
        ("db.calls", (1000.0,), (2180.0,), False),
        ("db.calls", (1000.0,), (2210.0,), True),
        # what stands still
        ("partner.charges", (8.0,) * 3, (0.0,) * 3, True),
        ("partner.charges", (8.0,) * 3, (3.0,) * 3, False),
        # levels
        ("db.connections.idle_in_transaction", (1.0,) * 3, (2.0,) * 3, True),
        ("processes.cpu.storefront", (0.3,) * 3, (0.62,) * 3, False),
        ("processes.cpu.storefront", (0.3,) * 3, (0.68,) * 3, True),
    ],
)  # fmt: skip
def test_each_kind_of_reading_moves_by_its_own_bound(
    reading: str, before: tuple[float, ...], during: tuple[float, ...], moved: bool
) -> None:
    way = "down" if reading.endswith(("success_ratio", "hit_ratio", "charges")) else "up"
    assert change(Moves(reading, way), Values(before, during, during)).moved is moved  # type: ignore[arg-type]  # one of the two words


@pytest.mark.parametrize(
    ("reading", "at_rest", "less", "more"),
    [("latency.p95", 26.0, 190.0, 210.0), ("jobs.duration.charge_payment", 150.0, 600.0, 690.0)],
)
def test_time_moves_further_where_that_is_asked(
    reading: str, at_rest: float, less: float, more: float
) -> None:
    for value, moved in ((less, False), (more, True)):
        values = Values((at_rest,) * 3, (value,) * 3, (value,) * 3)
        assert change(Moves(reading), values, harder=3.0).moved is moved


def test_what_was_counted_over_a_shorter_look_varies_more() -> None:
    for seconds, moved in ((5.0, True), (2.0, False)):
        values = Values((4.0,) * 3, (11.0,) * 3, (11.0,) * 3, seconds)
        assert change(Moves("jobs.done"), values).moved is moved


def test_counts_do_not_move_further_because_time_has_to() -> None:
    values = Values((1000.0,) * 3, (1400.0,) * 3, (1400.0,) * 3)
    assert change(Moves("db.calls"), values, harder=3.0).moved


def test_one_look_on_either_side_says_nothing_of_a_share_that_drifts() -> None:
    alone = Values((0.7,), (0.55, 0.55, 0.55), (0.55, 0.55, 0.55))
    assert not change(Moves("cache.hit_ratio", "down"), alone).moved
    one = Values((0.7, 0.7, 0.7), (0.55,), (0.55,))
    assert not change(Moves("cache.hit_ratio", "down"), one).moved


def test_what_is_shown_is_what_was_compared() -> None:
    found = change(Moves("latency.p95"), Values((26.0, 30.0), (90.0, 80.0), (90.0, 80.0)))
    assert (found.before, found.during) == (30.0, 80.0)
    found = change(Moves("processes.restarts"), Values((0.0, 1.0, 0.0), (1.0, 0.0), (1.0, 0.0)))
    assert (found.before, found.during, found.moved) == (1.0, 1.0, False)
