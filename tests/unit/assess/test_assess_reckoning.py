import pytest

from drillyard.assess.reckoning import Fate, Order, reckon
from drillyard.traffic.ledger import Entry, WriteClass

MOMENT = 1000.0


def entry(kind: WriteClass, key: str, answered: float = 990.0, number: int | None = 7) -> Entry:
    return Entry(kind, key, answered - 0.1, answered=answered, customer=3, order_id=number, amount_cents=500)


def fate(attempt: Entry, by_key: dict[tuple[int, str], Order], without_key: dict[int, Order]) -> Fate:
    return reckon([attempt], by_key, without_key, MOMENT).judged[0].fate


THERE = {(3, "k"): Order(3, 500)}


@pytest.mark.parametrize(
    ("kind", "by_key", "without_key", "expected"),
    [
        (WriteClass.ACKNOWLEDGED, THERE, {}, Fate.KEPT),
        (WriteClass.ACKNOWLEDGED, {}, {7: Order(3, 500)}, Fate.KEPT),
        (WriteClass.ACKNOWLEDGED, {}, {}, Fate.LOST),
        (WriteClass.ACKNOWLEDGED, {(3, "k"): Order(3, 499)}, {7: Order(3, 500)}, Fate.LOST),
        (WriteClass.ACKNOWLEDGED, {(4, "k"): Order(3, 500)}, {}, Fate.LOST),
        (WriteClass.ACKNOWLEDGED, {}, {7: Order(4, 500)}, Fate.LOST),
        (WriteClass.REFUSED, {}, {7: Order(3, 500)}, Fate.REFUSED),
        (WriteClass.REFUSED, THERE, {}, Fate.PHANTOM),
        (WriteClass.INDETERMINATE, THERE, {}, Fate.INDETERMINATE),
        (WriteClass.INDETERMINATE, {}, {}, Fate.INDETERMINATE),
    ],
)
def test_an_order_is_judged_by_what_its_customer_was_told(
    kind: WriteClass, by_key: dict[tuple[int, str], Order], without_key: dict[int, Order], expected: Fate
) -> None:
    assert fate(entry(kind, "k"), by_key, without_key) is expected


def test_a_number_that_was_given_twice_does_not_make_up_for_a_lost_order() -> None:
    first, second = entry(WriteClass.ACKNOWLEDGED, "a"), entry(WriteClass.ACKNOWLEDGED, "b", answered=1010)
    found = reckon([first, second], {(3, "b"): Order(3, 500)}, {}, MOMENT)
    assert [each.fate for each in found.judged] == [Fate.LOST, Fate.KEPT]


def test_the_recovery_point_is_as_old_as_the_oldest_order_that_is_gone() -> None:
    ages = (4.0, 0.5, 2.0)
    lost = [entry(WriteClass.ACKNOWLEDGED, f"k{age}", MOMENT - age, None) for age in ages]
    found = reckon([*lost, entry(WriteClass.INDETERMINATE, "i", 900.0)], {}, {}, MOMENT)
    assert found.recovery_point_s == 4.0
    assert [each.answered for each in found.lost] == [996.0, 998.0, 999.5]
    assert found.lost_cents == 1500
    assert found.fates == {Fate.LOST: 3, Fate.INDETERMINATE: 1}


def test_orders_of_after_a_bad_migration_that_the_restore_took_back_count_from_the_oldest() -> None:
    lost = [entry(WriteClass.ACKNOWLEDGED, f"k{at}", at) for at in (1020.0, 998.0, 1005.0)]
    assert reckon(lost, {}, {}, MOMENT).recovery_point_s == 22.0
    assert reckon(lost[:1], {}, {}, MOMENT).recovery_point_s == 0.0
    assert reckon([], {}, {}, MOMENT).recovery_point_s == 0.0
