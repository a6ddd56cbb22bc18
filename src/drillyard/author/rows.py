"""What certify plays, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from drillyard.scenario.flaw import Flaw
from drillyard.scenario.recipe import Recipe
from drillyard.scenario.scenario import Scenario


class Kind(StrEnum):
    """What is played."""

    UNTOUCHED = "untouched"
    SOLUTION = "solution"
    CHEAT = "cheat"
    FLAW = "flaw"
    RESET = "reset"
    """A drill that was repaired and reset is as unsolved as an untouched one."""
    HARMLESS = "harmless"
    """The reference solution on a healthy system makes nothing worse: every check and invariant holds."""


class Proof(StrEnum):
    """Whether a row was as it must be."""

    PROVEN = "proven"
    WRONG = "wrong"
    INCONCLUSIVE = "inconclusive"
    """It could not be measured: neither for nor against the scenario."""
    BROKEN = "broken"
    """It could not be played: a command that must work did not."""


@dataclass(frozen=True)
class Case:
    """One drill to play. `variant` is what `drill start --variant` is given."""

    kind: Kind
    name: str
    variant: str
    repeat: int
    recipe: Recipe | None = None
    flaw: Flaw | None = None

    @property
    def row(self) -> str:
        """The same for every variant and repeat."""
        return f"{self.kind} {self.name}".strip()

    @property
    def key(self) -> str:
        """What tells it from every other case of the scenario."""
        return f"{self.row}, variant {self.variant}, {self.repeat}"


@dataclass(frozen=True)
class Played:
    """What came of one case: `outcome` is the verdict in a word, `why` tells it, `failing` are ids."""

    case: Case
    proof: Proof
    outcome: str
    why: str
    seconds: float
    failing: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()


def cases(
    scenario: Scenario, *, variants: Sequence[str], repeat: int, kinds: Sequence[Kind], only: Sequence[str]
) -> list[Case]:
    """Every case to play, solutions first: when they fail nothing else matters. `only` names rows."""
    par = next((each for each in scenario.solutions() if each.name == scenario.manifest.par), None)
    found: list[Case] = []
    for number in range(1, repeat + 1):
        for variant in variants:
            found += [Case(Kind.SOLUTION, r.name, variant, number, r) for r in scenario.solutions()]
            found.append(Case(Kind.UNTOUCHED, "", variant, number))
            found += [Case(Kind.CHEAT, r.name, variant, number, r) for r in scenario.cheats()]
        if par is not None:
            found.append(Case(Kind.RESET, "", variants[0], number, par))
            found.append(Case(Kind.HARMLESS, "", "none", number, par))
            found += [
                Case(Kind.FLAW, each.id, f"only:{each.id}", number, par, each) for each in scenario.flaws
            ]
    wanted = [case for case in found if case.kind in kinds]
    return [case for case in wanted if not only or case.name in only or case.kind in only]
