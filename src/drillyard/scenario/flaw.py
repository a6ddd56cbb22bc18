"""Flaws: what makes the system slow or wasteful, as functions of a scenario's flaws.py."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from drillyard.scenario.plant import Plant


@dataclass(frozen=True)
class Flaw:
    """One flaw.

    Alone, it moves the reading `moves` in `direction` by at least the factor `by`, compared with a range
    without it; `drill certify` proves that. `excludes` names flaws that cannot stand beside it.
    """

    id: str
    family: str
    title: str
    moves: str
    direction: Literal["up", "down"]
    by: float
    excludes: tuple[str, ...]
    plant: Callable[[Plant], None]


def flaw(
    *,
    id: str,
    family: str,
    title: str,
    moves: str,
    direction: Literal["up", "down"],
    by: float = 1.3,
    excludes: tuple[str, ...] = (),
) -> Callable[[Callable[[Plant], None]], Flaw]:
    """Make a `Flaw` of a function that plants it."""

    def decorate(function: Callable[[Plant], None]) -> Flaw:
        return Flaw(id, family, title, moves, direction, by, excludes, function)

    return decorate
