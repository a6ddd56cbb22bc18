from drillyard.faults.disasters import disasters
from drillyard.faults.drawing import drawn, turn

ALL = tuple(disasters().values())


def test_each_family_has_its_turn_before_one_has_a_second() -> None:
    for number in range(1, 30):
        three = drawn(ALL, str(number), 3)
        assert {each.family for each in three} == {"media", "site", "content"}
    assert len(drawn(ALL, "1", 9)) == 9
    assert len(drawn(ALL[:2], "1", 3)) == 2


def test_the_same_variant_draws_the_same_and_the_first_five_have_all_kinds() -> None:
    assert drawn(ALL, "3", 3) == drawn(reversed(ALL), "3", 3)
    seen = {each.id for number in range(1, 6) for each in drawn(ALL, str(number), 3)}
    assert seen == set(disasters())


def test_a_round_has_all_of_them_once_and_another_order_follows() -> None:
    three = drawn(ALL, "1", 3)
    rounds = [tuple(turn(three, "1", had) for had in range(3 * n, 3 * n + 3)) for n in range(12)]
    assert all(set(each) == set(three) for each in rounds)
    assert len(set(rounds)) > 1
