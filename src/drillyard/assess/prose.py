"""What a learner wrote, in Markdown: sections, and lines with what their tables say above them."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_HEADING = re.compile(r"^(?P<level>#{1,6})\s+(?P<title>.+?)\s*#*\s*$")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_WORD = re.compile(r"[^\W_]+")
_NUMBERED = re.compile(r"^\s*\d+[.)]\s+")
_FENCE = re.compile(r"^\s*(```|~~~)")
_RULE = re.compile(r"^\s*\|?\s*:?-{2,}")


@dataclass(frozen=True)
class Line:
    """One line; `heading` is that of the table that it is a row of, `code` whether it is in a code block."""

    number: int
    text: str
    heading: str = ""
    code: bool = False


@dataclass(frozen=True)
class Section:
    """One section with those below it: its heading, the line of it (from 1), its text without comments.

    Comments of the template leave their line ends behind, so that lines count as in the file.
    """

    title: str
    line: int
    text: str

    @property
    def words(self) -> int:
        """How many words its author wrote."""
        return len(_WORD.findall(self.text))


def sections_of(text: str) -> list[Section]:
    """The sections of a Markdown text, in order; what stands before the first heading is left out.

    A section goes on to the next heading that is no deeper; what looks like a heading in code is none.
    """
    said = plain(text)
    lines = said.splitlines()
    starts = [
        (line.number, match)
        for line in lines_of(said)
        if not line.code and (match := _HEADING.match(line.text))
    ]
    found = []
    for index, (number, match) in enumerate(starts):
        level = len(match["level"])
        ends = (later for later, other in starts[index + 1 :] if len(other["level"]) <= level)
        end = next(ends, len(lines) + 1)
        found.append(Section(match["title"], number, "\n".join(lines[number : end - 1])))
    return found


def plain(text: str) -> str:
    """A text without comments; its lines keep their numbers."""
    return _COMMENT.sub(lambda found: "\n" * found[0].count("\n"), text)


def section_of(sections: Iterable[Section], title: str) -> Section | None:
    """The section of that title, whatever the case, number and punctuation of its heading, or None.

    Of several, the one that says most.
    """
    named = [section for section in sections if _key(section.title) == _key(title)]
    return max(named, key=lambda section: section.words, default=None)


def lines_of(text: str) -> Iterator[Line]:
    """The lines of a text, numbered from 1."""
    code, heading, last = False, "", ""
    for number, line in enumerate(text.splitlines(), start=1):
        if _FENCE.match(line):
            code = not code
            yield Line(number, line, code=True)
            continue
        if _RULE.match(line) and "|" in last:
            heading = last
        elif "|" not in line:
            heading = ""
        yield Line(number, line, heading, code)
        last = line


def _key(title: str) -> str:
    return " ".join(_WORD.findall(_NUMBERED.sub("", title).lower()))
