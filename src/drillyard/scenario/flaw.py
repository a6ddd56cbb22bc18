"""Flaws: what makes the system slow, wasteful or fragile, as functions of a scenario's flaws.py."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import JsonValue

from drillyard.scenario.plant import Plant


@dataclass(frozen=True)
class Strike:
    """One fault of a trial, with its parameters (docs/faults.md), `after_s` seconds after its first."""

    fault: str
    parameters: Mapping[str, JsonValue] = field(default_factory=dict)
    after_s: float = 0.0


@dataclass(frozen=True)
class Trial:
    """What brings a flaw to light that does nothing by itself: faults that come under the measuring load, are
    over after `seconds` in all, and are looked after for `after_s` more. `rate` (requests a second) and `mix`
    are those of its customers, where they have to be others than those of the measuring load.
    """

    strikes: tuple[Strike, ...]
    seconds: float = 6.0
    after_s: float = 2.0
    rate: float | None = None
    mix: Mapping[str, float] | None = None


Drawn = Callable[[random.Random], Trial]
"""A trial with numbers of its own: nobody can fit a repair to them."""


@dataclass(frozen=True)
class Flaw:
    """One flaw.

    Alone, it moves the reading `moves` in `direction` by at least the factor `by`, compared with a range
    without it; `drill certify` proves that. `excludes` names flaws that cannot stand beside it. One with a
    `trial` moves its reading in that, and not before.
    """

    id: str
    family: str
    title: str
    moves: str
    direction: Literal["up", "down"]
    by: float
    excludes: tuple[str, ...]
    plant: Callable[[Plant], None]
    trial: Drawn | None = None
    leaves: float | None = None
    """How much of what it moves there is at most in the trial of a shop without it, whatever a shop has that
    has it; None where `by` alone tells.
    """

    @property
    def reading(self) -> str:
        """The name of what it moves, as a measurement has it."""
        return f"trial.{self.id}.{self.moves}" if self.trial else self.moves

    def factor(self, *, without: float, with_it: float) -> float:
        """By how much the reading of a range without the flaw is better than that of one with it."""
        big, small = (with_it, without) if self.direction == "up" else (without, with_it)
        if small > 0:
            return big / small
        return float("inf") if big > 0 else 1.0


def flaw(
    *,
    id: str,
    family: str,
    title: str,
    moves: str,
    direction: Literal["up", "down"],
    by: float = 1.3,
    excludes: tuple[str, ...] = (),
    trial: Drawn | None = None,
    leaves: float | None = None,
) -> Callable[[Callable[[Plant], None]], Flaw]:
    """Make a `Flaw` of a function that plants it."""

    def decorate(function: Callable[[Plant], None]) -> Flaw:
        return Flaw(id, family, title, moves, direction, by, excludes, function, trial, leaves)

    return decorate
