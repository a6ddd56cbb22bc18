"""What a document says that disasters cost, beside what was recorded of them.

Only a time that stands right behind `away` or a word like it is held against the record ("customers were
away for about 41 s"), on a line that names one disaster by its kind or number and speaks of no target,
rehearsal or guess. People write much else in seconds on such lines, and none of that is a cost.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from drillyard.assess.figures import TOLERANCE, Figure
from drillyard.assess.recoveries import Recovery

_AWAY = frozenset({"away", "downtime", "outage", "unavailable"})
_BETWEEN = frozenset({
    "for", "of", "was", "were", "is", "about", "only", "just", "some", "roughly", "nearly", "almost", "a",
    "s",
})  # fmt: skip
"""Words that may stand between, also the `s` of "away (s): 41.3"."""
_ELSEWHERE = re.compile(
    r"\b(?:targets?|rto|rpo|goal|limit|bound|brief|allow\w*|assum\w*|promis\w*|plan\w*|expect\w*|guess\w*"
    r"|rehears\w*|practi\w*|would|could|should|never|not|until)\b"
)
_NUMBERED = re.compile(r"\bdisaster (\d+)\b")
_ROUGHLY_MS = 500.0
"""Who tells a time in words rounds to whole seconds."""


def untrue(figures: Iterable[Figure], recoveries: Sequence[Recovery]) -> Iterator[Figure]:
    """The times that are said to be what one disaster cost, and are not near what was recorded of it."""
    for figure in figures:
        if figure.kind != "time" or figure.quoted or not _is_cost(figure):
            continue
        named = _named(figure.said, recoveries)
        recorded = [each.recovery_s for each in named if each.recovery_s is not None]
        if recorded and len(recorded) == len(named) and not any(_near(figure, each) for each in recorded):
            yield figure


def _is_cost(figure: Figure) -> bool:
    if _ELSEWHERE.search(figure.said):
        return False
    return next((word in _AWAY for word in reversed(figure.led_by) if word not in _BETWEEN), False)


def _named(said: str, recoveries: Sequence[Recovery]) -> list[Recovery]:
    """The one disaster that a line names, or all of the one kind that it names; none where there are more."""
    numbers = {int(each) for each in _NUMBERED.findall(said)}
    kinds = {each.kind for each in recoveries if f" {each.kind} " in f" {said} "}
    found = [each for each in recoveries if (each.number in numbers if numbers else each.kind in kinds)]
    alone = len(numbers) <= 1 and len(kinds | {each.kind for each in found}) == 1
    return found if alone else []


def _near(figure: Figure, recorded_s: float) -> bool:
    wide = 1000 * recorded_s * TOLERANCE + _ROUGHLY_MS
    return any(abs(value - 1000 * recorded_s) <= wide for value in figure.values)
