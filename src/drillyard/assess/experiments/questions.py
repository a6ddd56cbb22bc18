"""What experiments ask: which kind of fault did something, at which kind of place.

What several faults of one run may have moved is of one of them, nobody knows which: a question that is `A or
B`. It is never more than one, and none where another experiment asks A or B alone.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from drillyard.assess.experiments.bites import Effect, effects
from drillyard.assess.experiments.places import kind_of_place
from drillyard.assess.experiments.runs import Run
from drillyard.assess.measurement import Measurement

FAMILIES = {
    "customers wait": ("latency.", "shop.handling"),
    "customers are refused": ("requests.", "shop.errors_ratio", "proxy.errors_ratio"),
}
"""What is one thing by several readings."""


@dataclass(frozen=True, order=True)
class Asked:
    """A kind of fault at a kind of place (empty where it has none)."""

    fault: str
    place: str

    def __str__(self) -> str:
        return f"{self.fault} {self.place}".strip()


_T = TypeVar("_T", bound=Hashable)
Question = frozenset[Asked]
"""One, or several of which nobody knows which it is."""


def asked(m: Measurement, run: Run) -> frozenset[Question]:
    """The questions of a run."""
    moved: dict[Asked, set[str]] = {}
    for each in effects(run, m.experiments):
        moved.setdefault(_asked(each), set()).add(_family(each.reading))
    sure = {
        one
        for one, readings in moved.items()
        if readings - {reading for other, of_it in moved.items() if other != one for reading in of_it}
    }
    explained = {reading for one in sure for reading in moved[one]}
    either: list[tuple[frozenset[Asked], frozenset[str]]] = []
    for one, readings in moved.items():
        if left := readings - explained:
            near = [each for each in either if each[1] & left]
            either = [each for each in either if each not in near]
            either.append(
                (
                    frozenset({one}).union(*(of for of, _ in near)),
                    frozenset(left).union(*(by for _, by in near)),
                )
            )
    return frozenset({frozenset({one}) for one in sure} | {of for of, _ in either})


def said(question: Question) -> str:
    """In words."""
    return " or ".join(sorted(map(str, question)))


def different(experiments: Sequence[frozenset[Question]]) -> int:
    """How many experiments differ in something that each of them has for itself: the largest number that can
    be given a question each, no two the same (Kuhn's algorithm for matchings). The same faults together are
    the same question, however often it is asked.
    """
    experiments = sorted(set(experiments), key=lambda each: sorted(map(said, each)))
    meant = _told_apart(question for each in experiments for question in each)
    given: dict[frozenset[Asked], int] = {}

    def give(index: int, tried: set[frozenset[Asked]]) -> bool:
        own = frozenset().union(*(meant[question] for question in experiments[index]))
        for each in sorted(own - tried, key=said):
            tried.add(each)
            if each not in given or give(given[each], tried):
                given[each] = index
                return True
        return False

    return sum(give(index, set()) for index in range(len(experiments)))


def places(experiments: Iterable[frozenset[Question]]) -> int:
    """At how many kinds of places something was broken for sure."""
    every = [frozenset(one.place for one in question) for each in experiments for question in each]
    return len(frozenset().union(*_told_apart(every).values()))


def _told_apart(every: Iterable[frozenset[_T]]) -> Mapping[frozenset[_T], set[frozenset[_T]]]:
    """What each may be: those of it that stand alone somewhere; where none does, one thing with all that it
    could be confused with.
    """
    every = set(every)
    sure = frozenset().union(*(each for each in every if len(each) == 1))
    unsure: list[frozenset[_T]] = []
    for each in (each for each in every if not each & sure):
        near = [other for other in unsure if other & each]
        unsure = [*(other for other in unsure if other not in near), each.union(*near)]
    return {
        each: {frozenset({one}) for one in each & sure} or {other for other in unsure if other & each}
        for each in every
    }


def _asked(effect: Effect) -> Asked:
    return Asked(effect.fault.kind, kind_of_place(effect.fault))


def _family(reading: str) -> str:
    return next((of for of, names in FAMILIES.items() if reading.startswith(names)), reading)
