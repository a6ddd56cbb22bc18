"""What experiments ask: which kind of fault did something, at which kind of place.

What several faults of one run may have moved is of one of them, nobody knows which: a question that is `A or
B`. It is one, and which it is, is taken as it is worst.
"""

import itertools
import math
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from drillyard.assess.experiments.bites import effects
from drillyard.assess.experiments.journals import faults_of
from drillyard.assess.experiments.places import kind_of_place
from drillyard.assess.experiments.runs import Injected, Run
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
MOST_MEANINGS = 1024
COMMON = (
    "requests.", "latency.", "shop.", "proxy.errors_ratio", "proxy.servers.up", "pool.", "queue.",
    "services.", "jobs.", "partner.doubled",
)  # fmt: skip
"""What any fault may cause: it is no sign of which of several it was."""
Question = frozenset[Asked]
"""One, or several of which nobody knows which it is."""


def asked(m: Measurement, run: Run) -> frozenset[Question]:
    """The questions of a run.

    What any fault may cause (`COMMON`) is of each of its faults; a fault of which nothing else was seen is a
    question by itself only where it was alone.
    """
    found = effects(run, m.experiments)
    moved: dict[Asked, set[str]] = {_asked(fault): set() for fault in faults_of(run, m.experiments)}
    for each in found:
        of = moved if each.reading.startswith(COMMON) else (_asked(each.fault),)
        for one in of:
            moved[one].add(_family(each.reading))
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
            who = frozenset({one}).union(*(faults for faults, _ in near))
            joined = (who, frozenset(left).union(*(by for _, by in near)))
            either = [*(each for each in either if each not in near), joined]
    return frozenset({frozenset({one}) for one in sure} | {of for of, _ in either})


def said(question: Question) -> str:
    """In words."""
    return " or ".join(sorted(map(str, question)))


def different(experiments: Iterable[frozenset[Question]]) -> int:
    """How many experiments differ for sure in something that each of them has for itself: whatever the
    unsure questions are, so many can be given a question each, no two the same. The same faults together are
    the same question, however often it is asked.
    """
    every = list(experiments)
    return min(
        _matched({frozenset(meant[each] for each in asks if each in meant) for asks in every})
        for meant in _meanings(question for asks in every for question in asks)
    )


def places(experiments: Iterable[frozenset[Question]]) -> int:
    """At how many kinds of places something was broken for sure."""
    every = [frozenset(one.place for one in question) for each in experiments for question in each]
    return min(len(set(meant.values())) for meant in _meanings(every))


def _meanings(every: Iterable[frozenset[_T]]) -> Iterator[Mapping[frozenset[_T], _T]]:
    """All that unsure questions may be, each for itself. Of very many the largest are left out."""
    kept: list[frozenset[_T]] = []
    for each in sorted(set(every), key=lambda each: (len(each), sorted(map(str, each)))):
        if math.prod(map(len, kept)) * len(each) > MOST_MEANINGS:
            break
        kept.append(each)
    for meant in itertools.product(*kept):
        yield dict(zip(kept, meant, strict=True))


def _matched(experiments: Collection[frozenset[Asked]]) -> int:
    """The largest number of experiments that can be given one each (Kuhn's algorithm for matchings)."""
    given: dict[Asked, frozenset[Asked]] = {}

    def give(experiment: frozenset[Asked], tried: set[Asked]) -> bool:
        for each in sorted(experiment - tried):
            tried.add(each)
            if each not in given or give(given[each], tried):
                given[each] = experiment
                return True
        return False

    return sum(give(each, set()) for each in experiments)


def _asked(fault: Injected) -> Asked:
    return Asked(fault.kind, kind_of_place(fault))


def _family(reading: str) -> str:
    return next((of for of, names in FAMILIES.items() if reading.startswith(names)), reading)
