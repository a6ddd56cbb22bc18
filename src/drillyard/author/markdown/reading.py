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
ends, sections in any order or missing. Nothing is dropped silently: every line is in a field, is kept as a
task's notes or a scenario's background, or is listed with its number.
"""

import re
from itertools import groupby

from drillyard.author.markdown.lines import BULLET, Line, plain
from drillyard.author.markdown.sections import Draft, drafts_of
from drillyard.author.markdown.tasks import tasks_of
from drillyard.author.outline import Document, Left, Outline, OutlineResource

_LINK = re.compile(r"\[(?P<title>[^\]]+)\]\((?P<link>[^)\s]+)\)")
_URL = re.compile(r"<?(?P<link>https?://[^\s>]+)>?")
_HOURS = re.compile(
    r"(?P<low>\d+(?:[.,]\d+)?)\s*(?:(?:-|\u2013|\u2014|to)\s*(?P<high>\d+(?:[.,]\d+)?)\s*)?"
    r"(?P<unit>hours?|hrs?|h|minutes?|mins?|min|m)(?P<tail>[0-5]\d(?!\d))?(?![a-z])",
    re.IGNORECASE,
)
LONGEST_MIN = 8 * 60
_KEPT = "in no field of the template; kept as background"


def read_document(text: str) -> Document:
    """Everything in a document that is written to the template."""
    drafts, left = drafts_of(text)
    outlines = []
    for draft in drafts:
        outline, of_draft = _outline(draft)
        outlines.append(outline)
        left += of_draft
    return Document(tuple(outlines), tuple(sorted(left, key=lambda each: (each.line, each.why))))


def _outline(draft: Draft) -> tuple[Outline, list[Left]]:
    left: list[Left] = []
    fields = {name: [line for line in draft.of(name) if not line.loose] for name in draft.sections}
    loose = [
        line for name, lines in draft.sections.items() if name != "tasks" for line in lines if line.loose
    ]
    tasks, before = tasks_of(draft.of("tasks"))
    minutes, more = _minutes(draft, fields.get("duration", []), left)
    outline = Outline(
        title=draft.title,
        objective=_prose(fields.get("objective", [])),
        minutes=minutes,
        prerequisites=tuple(plain(text) for _, text in _items(fields.get("prerequisites", []))),
        tasks=tasks,
        success_criteria=tuple(plain(text) for _, text in _items(fields.get("success_criteria", []))),
        resources=_resources(fields.get("resources", []), left),
        background=_background([*draft.background, *before, *more, *loose], left),
        line=draft.line,
    )
    for name, empty in (
        ("objective", not outline.objective),
        ("tasks", not outline.tasks),
        ("success criteria", not outline.success_criteria),
    ):
        if empty:
            left.append(Left(draft.line, draft.title, f"this scenario has no {name}"))
    return outline, left


def _background(lines: list[Line], left: list[Left]) -> str:
    """What is in no field, in the order of the document; each run of lines is told once."""
    ordered = sorted(lines, key=lambda line: line.number)
    by_run = groupby(enumerate(ordered), lambda pair: pair[1].number - pair[0])
    runs = [[line for _, line in run] for _, run in by_run]
    for run in runs:
        saying = [line for line in run if not line.empty]
        if saying:
            more = f" (and {len(saying) - 1} lines more)" if len(saying) > 1 else ""
            left.append(Left(saying[0].number, saying[0].bare, _KEPT + more, kept=True))
    return "\n\n".join("\n".join(line.text for line in run).strip("\n") for run in runs).strip()


def _prose(lines: list[Line]) -> str:
    """Paragraphs and bullets as one text."""
    parts = []
    for line in lines:
        if not line.empty:
            bullet = BULLET.fullmatch(line.text)
            parts.append(bullet["text"].strip() if bullet else line.bare)
    return " ".join(parts)


def _items(lines: list[Line]) -> list[tuple[int, str]]:
    """One entry a bullet, with its line; a line under a bullet goes on with it, others are entries."""
    items: list[tuple[int, str]] = []
    goes_on = False
    for line in lines:
        if line.empty:
            goes_on = False
            continue
        bullet = BULLET.fullmatch(line.text)
        if bullet is None and goes_on and line.text.startswith(" "):
            number, text = items[-1]
            items[-1] = (number, f"{text} {line.bare}")
            continue
        items.append((line.number, (bullet["text"] if bullet else line.text).strip()))
        goes_on = True
    return items


def _resources(lines: list[Line], left: list[Left]) -> tuple[OutlineResource, ...]:
    found: list[OutlineResource] = []
    for number, text in _items(lines):
        links = list(_LINK.finditer(text))
        if len(links) > 1:
            found += [OutlineResource(plain(link["title"]), link["link"]) for link in links]
            left.append(Left(number, text, "several links on one line; the words between them are left"))
        elif links:
            title = plain(text.replace(links[0][0], links[0]["title"]))
            found.append(OutlineResource(title, links[0]["link"]))
        elif url := _URL.search(text):
            title = plain(text.replace(url[0], "")).strip(" :-\u2013\u2014,") or url["link"]
            found.append(OutlineResource(title, url["link"]))
        else:
            found.append(OutlineResource(plain(text)))
    return tuple(found)


def _minutes(draft: Draft, lines: list[Line], left: list[Left]) -> tuple[int | None, list[Line]]:
    """Minutes of `2-3 hours` (the longer), `90 minutes`, `1.5 h`, `2 h 30 min`, `1h30`; and further lines."""
    first = next((line for line in lines if not line.empty), None)
    more = [line for line in lines if line is not first and not line.empty]
    if first is None:
        left.append(Left(draft.line, draft.title, "this scenario has no duration; 2 h is written"))
        return None, more
    total, ranges, end = 0.0, False, None
    for match in _HOURS.finditer(first.text):
        if end is not None and first.text[end : match.start()].strip(" ,") not in ("", "and"):
            break
        amount = (match["high"] or match["low"]).replace(",", ".")
        total += float(amount) * (60 if match["unit"].lower().startswith("h") else 1) + int(
            match["tail"] or 0
        )
        ranges, end = ranges or bool(match["high"]), match.end()
    minutes = round(total)
    if not 1 <= minutes <= LONGEST_MIN:
        why = f"no duration from 1 minute to {LONGEST_MIN // 60} hours; 2 h is written"
        left.append(Left(first.number, first.bare, why))
        return None, more
    if ranges:
        why = f"a manifest has one duration; the longer is taken ({minutes} min)"
        left.append(Left(first.number, first.bare, why))
    elif end is not None and first.text[end:].strip(" .)"):
        left.append(Left(first.number, first.bare, f"only a duration is kept ({minutes} min)"))
    return minutes, more
