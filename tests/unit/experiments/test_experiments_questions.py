"""Which experiments ask something of their own."""

import pytest
from experiments_looks import AT, beside, look, measured, struck

from drillyard.assess.experiments.bites import biting
from drillyard.assess.experiments.run_rules import different, question


@pytest.mark.parametrize(
    ("kind", "where", "seen", "idle"),
    [
        ("network.cut", "storefront-*-to-valkey", {"cache__errors": 12.0}, "network.reset"),
        (
            "network.delay",
            "storefront-*-to-postgres",
            {"latency__p50": 300.0, "shop__handling": 200.0},
            "network.bandwidth",
        ),
    ],
)
def test_what_does_nothing_beside_a_fault_is_no_question_of_its_own(
    kind: str, where: str, seen: dict[str, float], idle: str
) -> None:
    before = [look(AT + at, latency__p50=10.0, shop__handling=9.0) for at in (0, 3, 6)]
    during = [look(AT + at, **{"latency__p95": 310.0, **seen}) for at in (12, 16, 20)]
    run, known = struck(kind, {"link": where}, during, before)
    alone = question(measured(known), run)
    assert different([alone]) == 1
    both, known = beside(run, known, idle, {"link": "worker-reports-to-postgres"})
    together = question(measured(known), both)
    assert different([together]) == 1
    assert different([alone, together]) == 1


def test_what_one_fault_explains_is_no_sign_of_another() -> None:
    during = [
        look(AT + at, requests__count=250.0, latency__p99=3000.0, cache__errors=12.0) for at in (12, 16, 20)
    ]
    before = [look(AT + at, requests__count=250.0) for at in (0, 3, 6)]
    run, known = struck("network.black-hole", {"link": "storefront-*-to-valkey"}, during, before)
    both, known = beside(run, known, "network.reset", {"link": "worker-reports-to-postgres"})
    assert len(biting(both, known)) == 2
    assert question(measured(known), both) == {"network.black-hole valkey"}


def test_two_questions_that_may_be_either_are_one() -> None:
    real, pair, trio = frozenset({"a"}), frozenset({"a or b"}), frozenset({"b or c"})
    assert different([real, pair, trio]) == 1
    assert different([frozenset({"x or y"}), real, pair]) == 2
    assert different([frozenset({"a", "x"}), real]) == 2


def test_the_same_fault_with_others_that_do_nothing_is_one_question() -> None:
    cut, pair = (
        frozenset({"network.cut partner"}),
        frozenset({"network.cut partner", "process.kill storefront"}),
    )
    mails = frozenset({"network.cut mailsink"})
    assert different([cut, pair, mails]) == 3
    assert different([cut, cut, cut]) == 1
    assert different([cut | pair | mails] * 3) == 1
    assert different([cut, frozenset(), mails]) == 2
    run, known = struck("network.cut", {"link": "storefront-*-to-valkey"}, [look(AT + 12, cache__errors=9.0)])
    assert question(measured(known), run) == {"network.cut valkey"}
