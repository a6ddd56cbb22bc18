"""Numbers that a scenario's brief states, and that differ from variant to variant.

`{{rto_s}}` in the brief or on a task's page stands for the figure of that name; a check finds it as
`m.limit("brief.rto_s")`.
"""

import random
import re
from collections.abc import Mapping, Sequence

_PLACE = re.compile(r"\{\{(?P<name>[a-z][a-z0-9_]*)\}\}")


def drawn(slug: str, variant: str, figures: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """One value of each; the same scenario and variant always have the same."""
    return {
        name: random.Random(f"{slug}:{variant}:figure {name}").choice(values)
        for name, values in figures.items()
    }


def places(text: str) -> set[str]:
    """The names of the figures that a text has places for."""
    return {match["name"] for match in _PLACE.finditer(text)}


def filled(text: str, figures: Mapping[str, float]) -> str:
    """The text with its places filled; one that no figure is called by is left as it is."""
    return _PLACE.sub(lambda match: _written(figures.get(match["name"]), match[0]), text)


def _written(value: float | None, otherwise: str) -> str:
    if value is None:
        return otherwise
    return f"{value:,.0f}" if value == int(value) else f"{value:g}"
