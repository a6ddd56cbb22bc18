"""A document divided into scenarios, and each into the sections that the template has."""

import re
from dataclasses import dataclass, field, replace

from drillyard.author.markdown.lines import BARE_LABEL, LABEL, NUMBER, Line, key, lines_of, plain
from drillyard.author.outline import Left

_SCENARIO = re.compile(
    r"(?:scenario|lab|exercise|drill)(?:[ \t]+\d+)?[ \t]*[:.\-\u2013\u2014][ \t]*(?P<title>\S.*)",
    re.IGNORECASE,
)
_NAMES = {
    "objective": ("objective", "objectives", "goal", "goals"),
    "duration": ("duration", "time", "estimated time", "estimated duration"),
    "prerequisites": ("prerequisites", "prerequisite", "requirements"),
    "tasks": ("tasks", "task", "steps", "exercises"),
    "success_criteria": ("success criteria", "success criterion", "acceptance criteria"),
    "resources": ("resources", "resource", "references", "further reading"),
}
_FIELDS = {name: field_name for field_name, names in _NAMES.items() for name in names}
"""What sections are called, and the template's field for each."""


@dataclass
class Draft:
    """A scenario while it is being read: the lines of each section, as they stand.

    `depth` is that of the heading that began it, 0 for a bold label; `background` are lines of sections that
    the template does not have.
    """

    title: str
    line: int
    depth: int
    sections: dict[str, list[Line]] = field(default_factory=dict)
    background: list[Line] = field(default_factory=list)

    def of(self, name: str) -> list[Line]:
        """The lines of one section."""
        return self.sections.get(name, [])


def drafts_of(text: str) -> tuple[list[Draft], list[Left]]:
    """The scenarios of a document, and what belongs to none."""
    drafts: list[Draft] = []
    left: list[Left] = []
    section: list[Line] | None = None
    outside = 0
    for line in lines_of(text):
        if not line.fenced:
            if title := _title_of(line, drafts):
                drafts.append(Draft(title, line.number, line.depth))
                section, outside = drafts[-1].background, 0
                continue
            if drafts and not outside and (opened := _section_of(line)):
                name, rest = opened
                section = drafts[-1].sections.setdefault(name, [])
                if rest:
                    section.append(replace(line, text=rest))
                continue
            if drafts and not outside and _begins_another(line, drafts[-1], section):
                section = drafts[-1].background
            if drafts and line.depth and line.depth <= drafts[-1].depth:
                section, outside = None, line.depth
        if section is not None:
            section.append(line)
        elif not line.empty:
            where = "it belongs to no scenario" if drafts else "it stands before the first scenario"
            left.append(Left(line.number, line.bare, where))
    return drafts, left


def _title_of(line: Line, drafts: list[Draft]) -> str:
    """The title, where a scenario begins on this line."""
    if line.heading:
        found = _SCENARIO.fullmatch(plain(line.heading))
        return found["title"].strip() if found else ""
    label = LABEL.fullmatch(line.bare)
    if label is None or key(label["name"]) not in ("title", "scenario"):
        return ""
    title = plain(label["rest"])
    return "" if drafts and not drafts[-1].sections and title == drafts[-1].title else title


def _section_of(line: Line) -> tuple[str, str] | None:
    """The field that a heading or a bold label opens, with what stands behind it on the line."""
    if line.heading:
        name, _, rest = plain(line.heading).partition(":")
        bare = NUMBER.sub("", name)
        known = None if re.search(r"\d", bare) else _FIELDS.get(key(bare))
        return (known, rest.strip()) if known else None
    label = LABEL.fullmatch(line.bare)
    known = _FIELDS.get(key(label["name"])) if label else None
    if label and known:
        return known, label["rest"].strip()
    bare_label = BARE_LABEL.fullmatch(line.bare)
    known = _FIELDS.get(key(bare_label["name"])) if bare_label else None
    return (known, "") if known else None


def _begins_another(line: Line, draft: Draft, section: list[Line] | None) -> bool:
    """Whether a section begins here that the template does not have. In the tasks, deeper headings are titles
    and labels are remarks.
    """
    in_tasks = section is not None and section is draft.sections.get("tasks")
    if line.depth:
        return not (in_tasks and line.depth > draft.depth + 1)
    return not in_tasks and LABEL.fullmatch(line.bare) is not None
