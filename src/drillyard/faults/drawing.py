"""Which disasters a variant draws, and in what order."""

import random
from collections.abc import Iterable

from drillyard.faults.disaster import Disaster


def drawn(kinds: Iterable[Disaster], variant: str, count: int) -> tuple[Disaster, ...]:
    """`count` of these kinds: each family has its turn before one has a second."""
    chance = random.Random(f"drawn for {variant}")
    families: dict[str, list[Disaster]] = {}
    for each in sorted(kinds, key=lambda kind: kind.id):
        families.setdefault(each.family, []).append(each)
    rows = list(families.values())
    chance.shuffle(rows)
    for row in rows:
        chance.shuffle(row)
    found: list[Disaster] = []
    while len(found) < count and any(rows):
        found += [row.pop() for row in rows if row]
    return tuple(found[:count])


def turn(kinds: tuple[Disaster, ...], variant: str, had: int) -> Disaster:
    """The one that comes after `had` of these: all of them in each round, in an order of its own."""
    number, place = divmod(had, len(kinds))
    order = list(kinds)
    random.Random(f"{variant}/round {number}").shuffle(order)
    return order[place]
