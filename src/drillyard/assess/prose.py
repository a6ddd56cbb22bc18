"""What a learner wrote, in Markdown: sections, and lines with what their tables say above them."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from markdown_it import MarkdownIt

_WORD = re.compile(r"[^\W_]+")
_NUMBERED = re.compile(r"^\s*(?:\d+[.)])*\d+[.)]?\s+")
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
    rows: int = 1
    """So many lines its heading takes: an underlined one has more."""
    own: str = ""
    """Its text without the sections below it."""

    @property
    def words(self) -> int:
        """How many words its author wrote."""
        return len(words_in(self.text))

    @property
    def different_words(self) -> int:
        """How many of them are not said twice."""
        return len(set(words_in(self.text)))


def words_in(text: str) -> list[str]:
    """The words of a text, whatever their case."""
    return _WORD.findall(text.casefold())


@lru_cache(maxsize=32)
def sections_of(text: str) -> tuple[Section, ...]:
    """The sections of a Markdown text, in order; what stands before the first heading is left out.

    A section goes on to the next heading that is no deeper; what looks like a heading in code is none.
    """
    said = plain(text)
    lines = said.splitlines()
    starts = list(_headings(said))
    found = []
    for index, (number, level, title, rows) in enumerate(starts):
        later = (starts[place] for place in range(index + 1, len(starts)))
        end = next((line for line, other, _, _ in later if other <= level), len(lines) + 1)
        below = starts[index + 1][0] if index + 1 < len(starts) else end
        text, own = ("\n".join(lines[number - 1 + rows : last - 1]) for last in (end, min(end, below)))
        found.append(Section(title, number, text, rows, own))
    return tuple(found)


def _headings(text: str) -> Iterator[tuple[int, int, str, int]]:
    """Of each heading its line, its level, its title and how many lines it takes (two, where underlined)."""
    parser = MarkdownIt("commonmark")
    parser.core.ruler.disable(
        "inline"
    )  # what stands in a line is not asked for, and may take long to be read
    for token, inline in pairwise(parser.parse(text)):
        if token.type == "heading_open" and token.level == 0 and token.map:
            first, after = token.map
            yield first + 1, int(token.tag[1:]), " ".join(inline.content.split()), after - first


def plain(text: str) -> str:
    """A text without comments; its lines keep their numbers."""
    kept, begin = [], 0
    while (opens := text.find("<!--", begin)) >= 0 and (closes := text.find("-->", opens + 4)) >= 0:
        kept += [text[begin:opens], "\n" * text.count("\n", opens, closes)]
        begin = closes + 3
    return "".join((*kept, text[begin:]))


def section_of(sections: Iterable[Section], title: str) -> Section | None:
    """The section of that title, whatever the case, number and punctuation of its heading, or None.

    Of several, the one that says most.
    """
    named = [section for section in sections if key_of(section.title) == key_of(title)]
    return max(named, key=lambda section: section.words, default=None)


def ready_texts(text: str) -> str:
    """What stands in quotations and in code blocks: texts that are ready to be sent, or run."""
    found, depth = [], 0
    for token in MarkdownIt("commonmark").parse(text):
        depth += (token.type == "blockquote_open") - (token.type == "blockquote_close")
        if token.type in ("fence", "code_block") or (depth and token.type == "inline"):
            found.append(token.content)
    return "\n".join(found)


def beside_texts(text: str) -> str:
    """What stands beside these: a plan of who sends them, and when."""
    lines = text.splitlines()
    for token in MarkdownIt("commonmark").parse(text):
        if token.type in ("fence", "code_block", "blockquote_open") and token.map:
            lines[slice(*token.map)] = [""] * (token.map[1] - token.map[0])
    return "\n".join(lines)


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


def key_of(title: str) -> str:
    """What two headings that mean the same have in common: no case, number or punctuation."""
    return " ".join(_WORD.findall(_NUMBERED.sub("", title).lower()))
