"""What a learner says came of each run."""

import re
from collections.abc import Iterator
from typing import Literal

from drillyard.assess.prose import Section, key_of, sections_of

Said = Literal["held", "deviated", "both"]
_WORD = r"(held|hold|deviated|deviate)"
_NOT = re.compile(rf"(?:\b(?:not|never|no longer|failed to)|n['’]t)\s+(?:\w+\s+)?{_WORD}\b", re.IGNORECASE)
_WORDS = re.compile(r"\b(held|deviated)\b", re.IGNORECASE)
_BEGINS = re.compile(r"^[\s>|*#+-]*(?:\d+[.)]\s+)?[*`|_\[\s]*")
_MARKS = " \t:|*`_-–—\n"
_ENDS = ".,;:!(–—"
_ASIDE = re.compile(r"\([^()]*\)")
_LINK = re.compile(r"^[*`_]*\]\([^()\s]*\)")
LONGEST = 2000
"""Characters of a line that are looked at."""


def told_of(run: str, section: Section) -> list[Said]:
    """What each line says of a run that begins with its name, and text under a heading of its name: one of
    the two words, or that it has both. Of the columns of a table the last one counts that begins with a word,
    else the last one that has one; of a line without it, what is listed below it.
    """
    return [word for text in _about(run, section.text) if (word := _said(text))]


def _about(run: str, text: str) -> Iterator[str]:
    named = re.compile(rf"{re.escape(run)}(?![A-Za-z0-9-])", re.IGNORECASE)
    lines = text.splitlines()
    for number, line in enumerate(lines):
        rest = _BEGINS.sub("", line[:LONGEST])
        if found := named.match(rest):
            about = _LINK.sub("", rest[found.end() :])
            yield (
                about
                if _WORDS.search(about) or "|" in about
                else "\n".join((about, *_below(line, lines[number + 1 :])))
            )
    for section in sections_of(text):
        if key_of(section.title) == key_of(run):
            yield section.own


def _below(line: str, following: list[str]) -> Iterator[str]:
    """The lines that are indented below this one."""
    for each in following:
        if each.strip() and _indent(each) <= _indent(line):
            return
        yield each[:LONGEST].strip(_MARKS)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _opposite(found: re.Match[str]) -> str:
    return " deviated " if found[1].casefold().startswith("h") else " held "


def _said(text: str) -> Said | None:
    told = _ASIDE.sub(lambda aside: " " if "expected" in aside[0].casefold() else aside[0], text)
    plain = _NOT.sub(_opposite, told)
    if "|" in plain:
        cells = [each.strip(_MARKS) for each in plain.split("|") if _WORDS.search(each)]
        plain = ([each for each in cells if _first(each)] or cells or [""])[-1]
    plain = plain.strip(_MARKS)
    if first := _first(plain):
        return first
    sentence = re.split(r"[.;](?:\s|$)|\n", plain, maxsplit=1)[0] or plain
    return _as_said(set(_WORDS.findall(sentence)) or set(_WORDS.findall(plain)[:1]))


def _first(text: str) -> Said | None:
    """The word that a text begins with, where it stands by itself."""
    first = _WORDS.match(text)
    if first is None or (text[first.end() :] and text[first.end()] not in _ENDS):
        return None
    return _as_said({first[0]})


def _as_said(words: set[str]) -> Said | None:
    match sorted({each.casefold() for each in words}):
        case ["held"]:
            return "held"
        case ["deviated"]:
            return "deviated"
        case []:
            return None
        case _:
            return "both"
