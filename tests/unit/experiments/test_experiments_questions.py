"""Which experiments ask something of their own."""

from dataclasses import replace

import pytest
from experiments_looks import AT, beside, look, measured, struck

from drillyard.assess.experiments import questions
from drillyard.assess.experiments.bites import Effect, biting
from drillyard.assess.experiments.questions import Asked, asked, different, places, said


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
    alone = asked(measured(known), run)
    assert different([alone]) == 1
    both, known = beside(run, known, idle, {"link": "worker-reports-to-postgres"})
    together = asked(measured(known), both)
    assert different([together]) == 1
    assert different([alone, together]) == 1


def test_what_both_may_have_moved_is_no_sign_of_either() -> None:
    during = [
        look(AT + at, requests__count=250.0, latency__p99=3000.0, cache__errors=12.0) for at in (12, 16, 20)
    ]
    before = [look(AT + at, requests__count=250.0) for at in (0, 3, 6)]
    run, known = struck("network.black-hole", {"link": "storefront-*-to-valkey"}, during, before)
    both, known = beside(run, known, "network.reset", {"link": "worker-reports-to-postgres"})
    assert len(biting(both, known)) == 2
    assert list(map(said, asked(measured(known), both))) == [
        "network.black-hole valkey or network.reset postgres"  # either may have made customers wait
    ]


def asks(*questions: str) -> frozenset[frozenset[Asked]]:
    """Questions as they are said."""
    return frozenset(
        frozenset(Asked(*each.partition(" ")[::2]) for each in question.split(" or "))
        for question in questions
    )


@pytest.mark.parametrize(
    ("experiments", "number"),
    [
        ([("a",), ("a or b",), ("a or c",)], 1),  # all of them may be of a
        ([("a or b",), ("b or c",)], 1),
        ([("a or b",), ("c or d",)], 2),
        ([("a",), ("a or b",), ("b or c",)], 2),
        ([("x or y",), ("a",), ("a or b",)], 2),
        ([(" or ".join("abcdefgh"),), (" or ".join("ijklmnop"),), (" or ".join("qrstuvwx"),), ("a",)], 3),
        ([("a", "x"), ("a",)], 2),
        ([("a or b",), ("c or d",), ("x",), ("b or c",)], 3),  # one experiment more takes nothing away
        (
            [("a", "b", "c"), ("a", "b", "c or d"), ("a", "b or e", "c")],
            1,
        ),  # the same again, and something idle
        ([("a",), ("b",), ("c",), ("a or b",)], 3),  # one experiment more takes nothing away
        ([("a", "b"), ("a",), ("b",)], 2),
        ([("a",), ("a",), ("a",)], 1),
        ([("a", "b", "c")] * 3, 1),
        ([("a",), (), ("c",)], 2),
        ([("a",), ("a", "b"), ("c",)], 3),
    ],
)
def test_as_many_are_different_as_can_be_given_one_each(
    experiments: list[tuple[str, ...]], number: int
) -> None:
    assert different([asks(*each) for each in experiments]) == number
    assert different([asks(*each) for each in reversed(experiments)]) == number


@pytest.mark.parametrize(
    ("experiments", "number"),
    [
        ([("cut valkey",), ("delay valkey",), ("black-hole valkey or reset valkey",)], 1),
        ([("cut valkey or cut mailsink",), ("cut valkey",)], 1),
        ([("cut valkey or cut mailsink",)], 1),
        ([("cut valkey",), ("cut mailsink",), ("cut valkey or cut mailsink",)], 2),
        ([("flush",), ("cut valkey",)], 2),
        ([("cut p or cut q",), ("cut r or cut s",), ("cut q or cut r",)], 2),
    ],
)
def test_a_place_is_counted_where_it_was_broken_for_sure(
    experiments: list[tuple[str, ...]], number: int
) -> None:
    assert places(asks(*each) for each in experiments) == number


def test_two_cuts_that_both_bite_are_one_of_them() -> None:
    during = [look(AT + 12, cache__errors=9.0, jobs__failed__send_mail=3.0)]
    run, known = struck("network.cut", {"link": "storefront-*-to-valkey"}, during)
    both, known = beside(run, known, "network.cut", {"link": "worker-notifications-to-mailsink"})
    assert list(map(said, asked(measured(known), both))) == ["network.cut mailsink or network.cut valkey"]


def test_what_shares_nothing_is_two_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of four faults, two may have moved one thing and two another."""
    told = of(monkeypatch, a="x", b="x", c="y", d="y")
    assert told == ["a valkey or b valkey", "c valkey or d valkey"]


def test_what_is_one_thing_by_two_readings_is_of_either(monkeypatch: pytest.MonkeyPatch) -> None:
    for readings in (("latency.p95", "shop.handling"), ("shop.errors_ratio", "requests.success_ratio")):
        assert of(monkeypatch, a=readings[0], b=readings[1]) == ["a valkey or b valkey"]


def test_what_any_fault_may_cause_is_of_all_that_were_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that did something of its own explains it; nothing of what others moved makes one sure."""
    assert of(monkeypatch, a="shop.errors_ratio") == ["a valkey"]
    assert of(monkeypatch, a="shop.errors_ratio", b="") == ["a valkey or b valkey"]
    assert of(monkeypatch, a="shop.errors_ratio", b="queue.oldest_max") == ["a valkey or b valkey"]
    assert of(monkeypatch, a="cache.errors", b="queue.oldest_max") == ["a valkey"]
    assert of(monkeypatch, a="cache.errors", b="db.calls") == ["a valkey", "b valkey"]


def of(monkeypatch: pytest.MonkeyPatch, **moved: str) -> list[str]:
    """The questions of a run whose faults moved these readings."""
    run, known = struck("network.cut", {"link": "storefront-*-to-valkey"}, [look(AT + 12)])
    faults = [replace(known.injected[0], kind=kind) for kind in moved]
    every = [
        Effect(fault, reading, 0.0, 9.0)
        for fault, reading in zip(faults, moved.values(), strict=True)
        if reading
    ]
    monkeypatch.setattr(questions, "faults_of", lambda run, known: faults)
    monkeypatch.setattr(questions, "effects", lambda run, known: every)
    return sorted(map(said, asked(measured(known), run)))
