"""Lines of a Markdown document, and what they look like."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

HEADING = re.compile(r"(?P<depth>#{1,6})[ \t]+(?P<text>.*?)[ \t]*#*")
LABEL = re.compile(
    r"(?:\*\*|__)(?P<name>[A-Za-z][A-Za-z ]{2,30}?)[ \t]*"
    r"(?::(?:\*\*|__)|(?:\*\*|__)[ \t]*:)[ \t]*(?P<rest>.*)"
)
BARE_LABEL = re.compile(r"(?:\*\*|__)(?P<name>[A-Za-z][A-Za-z ]{2,30}?)(?:\*\*|__)")
BULLET = re.compile(
    r"(?P<indent>[ \t]*)(?P<mark>[-*+\u2022]|\d{1,3}[.)]|[a-z]\))[ \t]+"
    r"(?:\[[ xX]\][ \t]+)?(?P<text>\S.*)"
)
BOLD = re.compile(
    r"(?:(?:task|step)[ \t]+)?(?:\d{1,3}[.):]?[ \t]*)?"
    r"(?:\*\*|__)(?P<text>[^*_].*?)(?:\*\*|__)[ \t]*:?[ \t]*(?P<rest>.*)",
    re.IGNORECASE,
)
NUMBER = re.compile(r"(?:(?:task|step)[ \t]+)?\d{1,3}[ \t]*[.):\-\u2013\u2014][ \t]*", re.IGNORECASE)
RULE = re.compile(r"[ \t]*(?:-{3,}|\*{3,}|_{3,}|={3,})[ \t]*")
_FENCE = re.compile(r"[ \t]*(?:```|~~~)")
_TABLE = re.compile(r"[ \t]*\|.*")


@dataclass(frozen=True)
class Line:
    """One line: its number from 1, its text without line end, and whether it belongs to a code block."""

    number: int
    text: str
    fenced: bool = False

    @property
    def bare(self) -> str:
        """Its text without space around."""
        return self.text.strip()

    @property
    def empty(self) -> bool:
        """Whether it says nothing: blank, or a rule."""
        return not self.fenced and (not self.bare or bool(RULE.fullmatch(self.text)))

    @property
    def depth(self) -> int:
        """Of a heading, from 1; 0 for any other line."""
        found = None if self.fenced else HEADING.fullmatch(self.bare)
        return len(found["depth"]) if found else 0

    @property
    def heading(self) -> str:
        """The text of a heading; empty for any other line."""
        found = None if self.fenced else HEADING.fullmatch(self.bare)
        return found["text"] if found else ""

    @property
    def loose(self) -> bool:
        """Whether it is part of a code block or a table, which no field of the template holds."""
        return self.fenced or bool(_TABLE.fullmatch(self.text))


def lines_of(text: str) -> Iterator[Line]:
    """Every line; headings that are underlined (`Title` above `=====`) come as `# Title`."""
    fenced = False
    before: Line | None = None
    for number, raw in enumerate(text.lstrip("\ufeff").splitlines(), start=1):
        line = Line(number, raw.rstrip().expandtabs(4), fenced)
        if _FENCE.match(line.text):
            line = replace(line, fenced=True)
            fenced = not fenced
        if before is not None:
            if _underlines(line, before):
                yield replace(before, text=f"# {before.bare}")
                before = None
                continue
            yield before
        before = line
    if before is not None:
        yield before


def _underlines(line: Line, before: Line) -> bool:
    titled = not before.fenced and not before.empty and not before.depth and not BULLET.fullmatch(before.text)
    return titled and bool(re.fullmatch(r"={3,}", line.text))


def plain(text: str) -> str:
    """Without marks of emphasis around the whole or a part, and without surplus space."""
    text = re.sub(r"(\*\*|__)(.+?)\1", r"\2", text.strip())
    return re.sub(r"[ \t]+", " ", text).strip()


def key(name: str) -> str:
    """A name as it is looked up: words in lower case."""
    return " ".join(re.findall(r"[a-z]+", name.lower()))
