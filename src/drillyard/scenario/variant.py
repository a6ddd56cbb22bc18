"""A variant: which flaws a seed plants, and with what numbers."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from drillyard.base.errors import UserError
from drillyard.scenario.changes import Changes
from drillyard.scenario.flaw import Flaw
from drillyard.scenario.manifest import Variants
from drillyard.scenario.plant import Plant


@dataclass(frozen=True)
class Variant:
    """The flaws of one drill. The same scenario and name give the same flaws and numbers.

    `name` is a seed (`7`), for authors also `only:ID,ID` or `none`; it is what a drill remembers.
    """

    slug: str
    name: str
    flaws: tuple[Flaw, ...]

    def plan(self) -> Changes:
        """Everything these flaws change, as data."""
        changes = Changes()
        for flaw in self.flaws:
            plant = Plant(random.Random(f"{self.slug}:{self.name}:{flaw.id}"))
            flaw.plant(plant)
            changes = changes.then(plant.changes)
        return changes


def choose(slug: str, name: str, flaws: Sequence[Flaw], rules: Variants) -> Variant:
    """The variant called `name`.

    Raises:
        UserError: the name is no seed, no `only:` list of known flaws and not `none`.
    """
    if name == "none":
        return Variant(slug, name, ())
    if name.startswith("only:"):
        return Variant(slug, name, _named(name.removeprefix("only:").split(","), flaws))
    if not name.isdigit():
        raise UserError(f"`{name}` is not a variant", next_step="Use a number, such as --variant 7.")
    return Variant(slug, name, _seeded(random.Random(f"{slug}:{name}"), flaws, rules))


def _named(ids: Sequence[str], flaws: Sequence[Flaw]) -> tuple[Flaw, ...]:
    by_id = {flaw.id: flaw for flaw in flaws}
    if unknown := [flaw_id for flaw_id in ids if flaw_id not in by_id]:
        raise UserError(
            f"no flaw is called {', '.join(unknown)}", next_step=f"There are: {', '.join(sorted(by_id))}."
        )
    return tuple(by_id[flaw_id] for flaw_id in ids)


def _seeded(rng: random.Random, flaws: Sequence[Flaw], rules: Variants) -> tuple[Flaw, ...]:
    chosen = {flaw.id: flaw for flaw in flaws if flaw.id in rules.always}
    wanted = rng.randint(rules.minimum, rules.maximum)
    for family, least in rules.per_family.items():
        candidates = [flaw for flaw in flaws if flaw.family == family]
        rng.shuffle(candidates)
        _add(chosen, candidates, least - sum(flaw.family == family for flaw in chosen.values()))
    rest = list(flaws)
    rng.shuffle(rest)
    _add(chosen, rest, wanted - len(chosen))
    return tuple(flaw for flaw in flaws if flaw.id in chosen)


def _add(chosen: dict[str, Flaw], candidates: Sequence[Flaw], count: int) -> None:
    """Add up to `count` candidates that go together with what is chosen already."""
    for flaw in candidates:
        if count <= 0:
            return
        if flaw.id in chosen or any(_clash(flaw, other) for other in chosen.values()):
            continue
        chosen[flaw.id] = flaw
        count -= 1


def _clash(one: Flaw, other: Flaw) -> bool:
    return one.id in other.excludes or other.id in one.excludes
