"""What a learner says came of each run."""

import re
from collections.abc import Iterator
from typing import Literal

from drillyard.assess.prose import Section, key_of, sections_of

Said = Literal["held", "deviated", "both"]
_NOT_HELD = re.compile(r"\b(?:not|n't|never)\s+(?:\w+\s+)?(?:held|hold)\b", re.IGNORECASE)
_WORDS = re.compile(r"\b(held|deviated)\b", re.IGNORECASE)
_BEGINS = re.compile(r"^[\s>|*#+-]*(?:\d+[.)]\s+)?[*`|\s]*")
_EXPECTED = re.compile(r"\([^)]*expected[^)]*\)", re.IGNORECASE)


def told_of(run: str, section: Section) -> list[Said]:
    """What each line says of a run that begins with its name, and text under a heading of its name: one of
    the two words, or that it has both. Of the columns of a table the last one that has a word counts.
    """
    return [word for text in _about(run, section.text) if (word := _said(text))]


def _about(run: str, text: str) -> Iterator[str]:
    named = re.compile(rf"{re.escape(run)}[*`]*(?![\w-])", re.IGNORECASE)
    for line in text.splitlines():
        rest = _BEGINS.sub("", line)
        if found := named.match(rest):
            yield rest[found.end() :]
    for section in sections_of(text):
        if key_of(section.title) == key_of(run):
            yield section.own


def _said(text: str) -> Said | None:
    plain = _NOT_HELD.sub(" deviated ", _EXPECTED.sub(" ", text))
    if "|" in plain:
        cells = [each for each in plain.split("|") if _WORDS.search(each)]
        plain = cells[-1] if cells else ""
    first = re.split(r"[.;](?:\s|$)|\n", plain.strip(" :|-\n"), maxsplit=1)[0] or plain
    words = {each.casefold() for each in _WORDS.findall(first)} or {
        each.casefold() for each in _WORDS.findall(plain)[:1]
    }
    if words == {"held"}:
        return "held"
    if words == {"deviated"}:
        return "deviated"
    return "both" if words else None
