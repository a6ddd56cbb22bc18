"""What a report says of experiments: each run with its faults, what they moved, and what came of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from drillyard.assess.experiments.bites import Effect, effects
from drillyard.assess.experiments.course import outcome
from drillyard.assess.experiments.journals import faults_of
from drillyard.assess.experiments.looks import unit
from drillyard.assess.experiments.places import place
from drillyard.assess.experiments.runs import Experiments, Run

MOST_EFFECTS = 3
"""So many of what a run moved are shown: the largest."""


@dataclass(frozen=True)
class EffectLine:
    """A reading before a fault, and while it was on."""

    reading: str
    unit: str
    before: float
    during: float


@dataclass(frozen=True)
class ExperimentLine:
    """One run. `broken` are its faults, each with its place, as the drill saw them; `outcome` is empty where
    the hypothesis was not asked afterwards.
    """

    run: str
    title: str
    began: float
    seconds: float
    broken: tuple[str, ...]
    moved: tuple[EffectLine, ...]
    outcome: Literal["held", "deviated", ""]


def lines(known: Experiments) -> Iterator[ExperimentLine]:
    """Every run, oldest first."""
    for run in known.runs:
        yield _line(run, known)


def _line(run: Run, known: Experiments) -> ExperimentLine:
    held = outcome(run, known)
    return ExperimentLine(
        run=run.name,
        title=str(run.experiment.get("title", "")),
        began=run.began,
        seconds=max(0.0, run.ended - run.began),
        broken=tuple(f"{each.kind} {place(each)}".strip() for each in faults_of(run, known)),
        moved=tuple(_effects(run, known)),
        outcome="" if held is None else "held" if held else "deviated",
    )


def _effects(run: Run, known: Experiments) -> Iterator[EffectLine]:
    found = {each.reading: each for each in effects(run, known)}
    for each in sorted(found.values(), key=_size, reverse=True)[:MOST_EFFECTS]:
        named = unit(each.reading)
        yield EffectLine(each.reading, named.value if named else "", each.before, each.during)


def _size(effect: Effect) -> float:
    """By how much it moved, as a factor."""
    low, high = sorted((abs(effect.before), abs(effect.during)))
    return high / max(low, 1e-3)
