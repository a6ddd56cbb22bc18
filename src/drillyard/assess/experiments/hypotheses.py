"""What is asked of hypothesis.md: a section for each experiment, with the numbers that it asks for."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from drillyard.assess.experiments.activities import HYPOTHESIS, RECOVERS, activities, calls, settled
from drillyard.assess.experiments.runs import finite
from drillyard.assess.prose import Section, key_of, sections_of, words_in

LABELS = ("what will break", "expected", "success criteria")
LEAST_WORDS, LEAST_DIFFERENT, LEAST_SAID = 25, 15, 2
"""Of a section, and after each label."""
_LABELLED = re.compile(
    rf"^[ \t>*_#|+-]*(?:{'|'.join(LABELS)})(?=[*_ \t]*(?:[:|]|$))|\b(?:{'|'.join(LABELS)})(?: \w+)?[*_]*:",
    re.MULTILINE,
)
"""A label where one stands: on a line or in a cell by itself, or before a colon; prose may have the words."""
_FAR = 1000.0
"""An upper bound that is so many times the lower one only says "or more"."""
_ALIKE = (1.0, 100.0, 1000.0, 0.001)
"""As it is, as a percentage, in thousandths, in thousands."""


def said_in(section: Section) -> str:
    """What a hypothesis says: the section's own text, and what stands below headings that are `LABELS`."""
    below = (each for each in sections_of(section.text) if key_of(each.title).startswith(LABELS))
    return "\n".join((section.own, *(f"{each.title}:\n{each.own}" for each in below)))


def unwritten(section: Section) -> Iterator[str]:
    """What a hypothesis lacks: one of `LABELS` with words of its own, words, a number."""
    text = said_in(section).casefold()
    said = _LABELLED.split(text)[1:]
    for label in LABELS:
        if label not in text:
            yield f"“{section.title}” does not say “{label}”"
    if len(said) >= len(LABELS) and any(len(words_in(each)) < LEAST_SAID for each in said):
        yield f"“{section.title}” leaves a label empty"
    words = words_in(text)
    if len(words) < LEAST_WORDS or len(set(words)) < LEAST_DIFFERENT:
        yield (
            f"“{section.title}” has {len(words)} words, {len(set(words))} different ones;"
            f" {LEAST_WORDS} and {LEAST_DIFFERENT} are needed"
        )
    if not re.search(r"\d", text):
        yield f"“{section.title}” has no number: what is success?"


def unsaid(experiment: Mapping[str, Any], section: Section) -> Iterator[str]:
    """Tolerances of an experiment that are not in its hypothesis, as they are, as percentages or in
    thousands.
    """
    numbers = set(numbers_in(said_in(section)))
    probes = [each for where, each in activities(experiment) if where.startswith(HYPOTHESIS)]
    if not any(each.get("tolerance") is not None for each in probes):
        yield "its hypothesis has no probe with a tolerance"
    for bound in _bounds(experiment, probes):
        alike = [bound * factor for factor in _ALIKE]
        if not any(_same(number, each) for number in numbers for each in alike):
            yield f"its tolerance {bound:g} is not in “{section.title}” (nor as a percentage)"


def _same(one: float, other: float) -> bool:
    return abs(one - other) <= 1e-6 * max(1.0, abs(other))


def numbers_in(text: str) -> Iterator[float]:
    """Every number that a text may mean: `0.9,1.0` are two, `1,000` may be one, `0,9` is one of a decimal."""
    for each in re.findall(r"(?:(?<![^\W_])-)?\d+(?:[.,\u202f ]\d+)*", text):
        thousands = re.sub(r"[,\u202f ](?=\d{3}(?!\d))", "", each)
        for reading in (thousands, thousands.replace(",", "."), each.replace(",", " ")):
            for part in re.split(r"[ \u202f]", reading):
                with suppress(ValueError):
                    yield float(part)


def _bounds(experiment: Mapping[str, Any], probes: Sequence[Mapping[str, Any]]) -> Iterator[float]:
    """The numbers that it asks for and that say something: neither 0 nor 1, nor a bound that only means that
    there is none, nor one of a share above 1.
    """
    shares = set()
    for call in calls(experiment):
        if not call.where.startswith(HYPOTHESIS):
            continue
        if call.function == RECOVERS:
            asked = (finite(call.arguments.get(name)) for name in ("seconds", "ratio"))
            yield from (each for each in asked if each is not None and each not in (0, 1))
        if call.reading.endswith("_ratio"):
            shares.add(id(call.activity))
    for probe in probes:
        tolerance = settled(probe.get("tolerance"), experiment)
        if isinstance(tolerance, Mapping):
            tolerance = tolerance.get("range", tolerance.get("value"))
        numbers = [finite(each) for each in (tolerance if isinstance(tolerance, list) else [tolerance])]
        bounds = [each for each in numbers if each is not None]
        if id(probe) in shares:
            bounds = [each for each in bounds if each < 1]
        if len(bounds) == 2 and bounds[0] > 0 and bounds[1] >= _FAR * bounds[0]:
            bounds = bounds[:1]
        yield from (each for each in bounds if each > 0 and each != 1)
