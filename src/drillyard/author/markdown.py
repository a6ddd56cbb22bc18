"""Reading Markdown that is written to the template: `## Scenario N: Title` with headings, or bold labels.

    ## Scenario 1: Performance optimization          **Title:** Performance optimization
    ### Objective                                    **Objective:** Make the shop quicker
    Make the shop quicker                            **Duration:** 2-3 hours
    ### Tasks                                        **Tasks:**
    1. **Analyse**                                   1. Analyse
       - Measure latency                                - Measure latency
    ### Success Criteria                             **Success Criteria:**
    - p95 is halved                                  - [ ] p95 is halved

Documents are written by people: any depth of headings, any bullet, numbers or none, check boxes, Windows line
ends, sections in any order or missing. Nothing is dropped silently: what is in no field is kept as a task's
notes or a scenario's background, or listed with its line.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from drillyard.author.outline import Document, Left, Outline, OutlineResource, OutlineTask

_HEADING = re.compile(r"(?P<depth>#{1,6})[ \t]+(?P<text>.*?)[ \t]*#*")
_SCENARIO = re.compile(r"scenario(?:[ \t]+\d+)?[ \t]*[:.\-\u2013\u2014][ \t]*(?P<title>\S.*)", re.IGNORECASE)
_LABEL = re.compile(
    r"(?:\*\*|__)(?P<name>[A-Za-z][A-Za-z ]{2,30}?)[ \t]*"
    r"(?::(?:\*\*|__)|(?:\*\*|__)[ \t]*:)[ \t]*(?P<rest>.*)"
)
_BULLET = re.compile(
    r"(?P<indent>[ \t]*)(?P<mark>[-*+\u2022]|\d{1,3}[.)])[ \t]+"
    r"(?:\[[ xX]\][ \t]+)?(?P<text>\S.*)"
)
_BOLD = re.compile(
    r"(?:(?:task|step)[ \t]+)?(?:\d{1,3}[.):]?[ \t]*)?"
    r"(?:\*\*|__)(?P<text>[^*_].*?)(?:\*\*|__)[ \t]*:?[ \t]*(?P<rest>.*)",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?:(?:task|step)[ \t]+)?\d{1,3}[ \t]*[.):\-\u2013\u2014][ \t]*", re.IGNORECASE)
_FENCE = re.compile(r"[ \t]*(?:```|~~~)")
_LINK = re.compile(r"\[(?P<title>[^\]]+)\]\((?P<link>[^)\s]+)\)")
_URL = re.compile(r"<?(?P<link>https?://[^\s>]+)>?")
_RULE = re.compile(r"[ \t]*(?:-{3,}|\*{3,}|_{3,}|={3,})[ \t]*")

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

_HOURS = re.compile(
    r"(?P<low>\d+(?:[.,]\d+)?)\s*(?:(?:-|\u2013|\u2014|to)\s*(?P<high>\d+(?:[.,]\d+)?)\s*)?"
    r"(?P<unit>hours?|hrs?|h|minutes?|mins?|min|m)\b",
    re.IGNORECASE,
)
LONGEST_MIN = 8 * 60


@dataclass(frozen=True)
class _Line:
    number: int
    text: str
    fenced: bool


@dataclass
class _Draft:
    """A scenario while it is being read: the lines of each section, as they stand."""

    title: str
    line: int
    sections: dict[str, list[_Line]] = field(default_factory=dict)
    background: list[_Line] = field(default_factory=list)


def read_document(text: str) -> Document:
    """Everything in a document that is written to the template."""
    drafts: list[_Draft] = []
    left: list[Left] = []
    section: list[_Line] | None = None
    depth = 0
    for line in _lines(text):
        if not line.fenced:
            if title := _title_of(line, drafts):
                drafts.append(_Draft(title, line.number))
                section, depth = drafts[-1].background, _depth(line)
                continue
            if drafts and (opened := _section_of(line)):
                name, rest = opened
                section = drafts[-1].sections.setdefault(name, [])
                if rest:
                    section.append(replace(line, text=rest))
                continue
            if (
                drafts
                and _depth(line) > 0
                and section is not None
                and not _belongs(line, drafts[-1], section, depth)
            ):
                section = drafts[-1].background
        if section is not None:
            section.append(line)
        elif line.text.strip() and not _RULE.fullmatch(line.text):
            left.append(Left(line.number, line.text.strip(), "it stands before the first scenario"))
    outlines = []
    for draft in drafts:
        outline, of_draft = _outline(draft)
        outlines.append(outline)
        left += of_draft
    return Document(tuple(outlines), tuple(sorted(left, key=lambda each: each.line)))


def _lines(text: str) -> Iterator[_Line]:
    fenced = False
    for number, raw in enumerate(text.lstrip("\ufeff").splitlines(), start=1):
        line = raw.rstrip().expandtabs(4)
        if _FENCE.match(line):
            yield _Line(number, line, fenced=True)
            fenced = not fenced
            continue
        yield _Line(number, line, fenced)


def _depth(line: _Line) -> int:
    found = _HEADING.fullmatch(line.text.strip())
    return len(found["depth"]) if found else 0


def _title_of(line: _Line, drafts: list[_Draft]) -> str:
    """The title, where a scenario begins on this line."""
    text = line.text.strip()
    if heading := _HEADING.fullmatch(text):
        found = _SCENARIO.fullmatch(_plain(heading["text"]))
        return found["title"].strip() if found else ""
    label = _LABEL.fullmatch(text)
    if label is None or _key(label["name"]) not in ("title", "scenario"):
        return ""
    title = _plain(label["rest"])
    if drafts and not drafts[-1].sections and title == drafts[-1].title:
        return ""
    return title


def _section_of(line: _Line) -> tuple[str, str] | None:
    """The field that a heading or a bold label opens, with what stands behind it on the line."""
    text = line.text.strip()
    if heading := _HEADING.fullmatch(text):
        name, _, rest = _plain(heading["text"]).partition(":")
        bare = _NUMBER.sub("", name)
        known = None if re.search(r"\d", bare) else _FIELDS.get(_key(bare))
        return (known, rest.strip()) if known else None
    label = _LABEL.fullmatch(text)
    known = _FIELDS.get(_key(label["name"])) if label else None
    return (known, label["rest"].strip()) if label and known else None


def _belongs(line: _Line, draft: _Draft, section: list[_Line], depth: int) -> bool:
    """Whether a heading is part of the section that is open: a task's title."""
    return section is draft.sections.get("tasks") and _depth(line) > depth + 1


def _outline(draft: _Draft) -> tuple[Outline, list[Left]]:
    left: list[Left] = []
    minutes = _minutes(draft.sections.get("duration", []), left)
    outline = Outline(
        title=draft.title,
        objective=_prose(draft.sections.get("objective", [])),
        minutes=minutes,
        prerequisites=_items(draft.sections.get("prerequisites", [])),
        tasks=_tasks(draft.sections.get("tasks", []), left),
        success_criteria=_items(draft.sections.get("success_criteria", [])),
        resources=tuple(map(_resource, _items(draft.sections.get("resources", []), whole_links=True))),
        background="\n".join(line.text for line in draft.background).strip(),
        line=draft.line,
    )
    for name, empty in (
        ("objective", not outline.objective),
        ("tasks", not outline.tasks),
        ("success criteria", not outline.success_criteria),
    ):
        if empty:
            left.append(Left(draft.line, draft.title, f"this scenario has no {name}"))
    for line in draft.background:
        if line.text.strip() and not _RULE.fullmatch(line.text):
            left.append(
                Left(line.number, line.text.strip(), "it is in no field of the template; kept as background")
            )
    return outline, left


def _prose(lines: list[_Line]) -> str:
    """Paragraphs and bullets as one text."""
    parts = []
    for line in lines:
        if line.text.strip() and not _RULE.fullmatch(line.text):
            bullet = _BULLET.fullmatch(line.text)
            parts.append(bullet["text"].strip() if bullet else line.text.strip())
    return " ".join(parts)


def _items(lines: list[_Line], *, whole_links: bool = False) -> tuple[str, ...]:
    """One entry a bullet; a line under a bullet goes on with it, a line of its own is an entry."""
    items: list[str] = []
    goes_on = False
    for line in lines:
        text = line.text.strip()
        if not text or _RULE.fullmatch(text) or _FENCE.match(text):
            goes_on = goes_on and bool(text)
            continue
        bullet = _BULLET.fullmatch(line.text)
        if bullet is None and goes_on and line.text.startswith(" "):
            items[-1] = f"{items[-1]} {text}"
            continue
        entry = bullet["text"] if bullet else text
        items.append(entry.strip() if whole_links else _plain(entry))
        goes_on = True
    return tuple(items)


def _resource(text: str) -> OutlineResource:
    if link := _LINK.search(text):
        return OutlineResource(_plain(link["title"]), link["link"])
    if url := _URL.search(text):
        title = _plain(text.replace(url[0], "")).strip(" :-\u2013\u2014,") or url["link"]
        return OutlineResource(title, url["link"])
    return OutlineResource(_plain(text))


def _minutes(lines: list[_Line], left: list[Left]) -> int | None:
    """Minutes of `2-3 hours` (the longer), `90 minutes`, `1.5 h`, `2 h 30 min`."""
    written = [line for line in lines if line.text.strip() and not _RULE.fullmatch(line.text)]
    if not written:
        return None
    text = " ".join(line.text.strip() for line in written)
    total, ranges = 0.0, False
    for match in _HOURS.finditer(text):
        amount = (match["high"] or match["low"]).replace(",", ".")
        total += float(amount) * (60 if match["unit"].lower().startswith("h") else 1)
        ranges = ranges or bool(match["high"])
    minutes = round(total)
    if not 1 <= minutes <= LONGEST_MIN:
        left.append(
            Left(written[0].number, text, f"it is no duration from 1 minute to {LONGEST_MIN // 60} hours")
        )
        return None
    if ranges:
        left.append(
            Left(written[0].number, text, f"a manifest has one duration; the longer is taken ({minutes} min)")
        )
    return minutes


@dataclass
class _Task:
    title: str
    indent: int
    steps: list[str] = field(default_factory=list)
    step_indent: int = -1
    notes: list[str] = field(default_factory=list)


def _tasks(lines: list[_Line], left: list[Left]) -> tuple[OutlineTask, ...]:
    """Titles are bold, headings, or the outermost bullets; what is a bullet below them is a step."""
    found: list[_Task] = []
    parted = False
    titled = any(_task_title(line) for line in lines if not line.fenced)
    for line in lines:
        text = line.text.strip()
        if line.fenced:
            _note(found, line, left)
            continue
        if not text or _RULE.fullmatch(text):
            parted = True
            if found and found[-1].notes:
                found[-1].notes.append("")
            continue
        bullet = _BULLET.fullmatch(line.text)
        indent = len(bullet["indent"]) if bullet else len(line.text) - len(line.text.lstrip())
        outermost = bullet is None or not found or indent <= found[0].indent
        title = ""
        if outermost:
            title = _task_title(line) if titled else bullet["text"] if bullet else ""
        if title:
            _begin(found, title, indent)
        elif bullet and found:
            _step(found[-1], _plain(bullet["text"]), indent)
        elif found and found[-1].steps and line.text.startswith(" ") and not parted:
            found[-1].steps[-1] += f" {_plain(text)}"
        else:
            _note(found, line, left)
        parted = False
    return tuple(OutlineTask(task.title, tuple(task.steps), "\n".join(task.notes).strip()) for task in found)


def _begin(found: list[_Task], title: str, indent: int) -> None:
    bold = _BOLD.fullmatch(title)
    named = _plain(bold["text"]) if bold else _plain(title)
    found.append(_Task(_NUMBER.sub("", named).strip().removesuffix(":").strip() or named, indent))
    if bold and (rest := _plain(bold["rest"]).strip(" :-\u2013\u2014")):
        found[-1].notes.append(rest)


def _task_title(line: _Line) -> str:
    """The title, where the line is one of a task: a heading, or bold from its beginning."""
    text = line.text.strip()
    if heading := _HEADING.fullmatch(text):
        return heading["text"]
    bullet = _BULLET.fullmatch(line.text)
    body = bullet["text"] if bullet else text
    label = _LABEL.fullmatch(body)
    if label and label["rest"] and not _NUMBER.match(_plain(body)) and not bullet:
        return ""  # a remark: **Note:** ...
    if bullet and not bullet["mark"][0].isdigit() and not _NUMBER.match(_plain(body)):
        return ""  # a bold word at the beginning of a step
    return body if _BOLD.fullmatch(body) else ""


def _step(task: _Task, text: str, indent: int) -> None:
    """A bullet; one that is further in than the first belongs to the step above it."""
    if task.step_indent < 0 or indent <= task.step_indent or not task.steps:
        task.step_indent = indent if task.step_indent < 0 else min(task.step_indent, indent)
        task.steps.append(text)
    else:
        task.steps[-1] += f"{':' if ': ' not in task.steps[-1] else ';'} {text}"


def _note(found: list[_Task], line: _Line, left: list[Left]) -> None:
    if found:
        found[-1].notes.append(line.text)
    elif line.text.strip():
        left.append(Left(line.number, line.text.strip(), "it stands before the first task"))


def _plain(text: str) -> str:
    """Without marks of emphasis around the whole or a part, and without surplus space."""
    text = re.sub(r"(\*\*|__)(.+?)\1", r"\2", text.strip())
    return re.sub(r"[ \t]+", " ", text).strip()


def _key(name: str) -> str:
    return " ".join(re.findall(r"[a-z]+", name.lower()))
