"""The tasks of a scenario: titles, steps, and what else stands under them."""

import textwrap
from dataclasses import dataclass, field

from drillyard.author.markdown.lines import BOLD, BULLET, LABEL, NUMBER, Line, plain
from drillyard.author.outline import OutlineTask


@dataclass
class _Task:
    title: str
    indent: int
    numbered: bool
    steps: list[str] = field(default_factory=list)
    step_indent: int = -1
    notes: list[str] = field(default_factory=list)


def tasks_of(lines: list[Line]) -> tuple[tuple[OutlineTask, ...], list[Line]]:
    """The tasks, and lines that stand before the first.

    Titles are bold, headings, or the outermost bullets; what is a bullet below them is a step.
    """
    found: list[_Task] = []
    before: list[Line] = []
    parted = False
    titled = any(_title_of(line) for line in lines)
    for line in lines:
        if line.empty:
            parted = True
            if found and found[-1].notes:
                found[-1].notes.append("")
            continue
        bullet = None if line.fenced else BULLET.fullmatch(line.text)
        title = _begins(line, found, titled=titled)
        indent = len(bullet["indent"]) if bullet else len(line.text) - len(line.text.lstrip())
        if title:
            _begin(found, title, indent, numbered=bullet is not None and bullet["mark"][0].isdigit())
        elif bullet and found:
            _step(found[-1], plain(bullet["text"]), indent)
        elif not line.loose and found and found[-1].steps and line.text.startswith(" ") and not parted:
            found[-1].steps[-1] += f" {plain(line.text)}"
        elif found:
            found[-1].notes.append(line.text)
        else:
            before.append(line)
        parted = False
    return tuple(OutlineTask(each.title, tuple(each.steps), _block(each.notes)) for each in found), before


def _begins(line: Line, found: list[_Task], *, titled: bool) -> str:
    """The title, where a task begins on this line."""
    if line.loose:
        return ""
    bullet = BULLET.fullmatch(line.text)
    if bullet and found and len(bullet["indent"]) > found[0].indent:
        return ""
    if title := _title_of(line):
        return title
    if bullet is None:
        return ""
    counts_on = bool(found) and found[0].numbered and bullet["mark"][0].isdigit()
    return bullet["text"] if not titled or counts_on else ""


def _title_of(line: Line) -> str:
    """The title, where the line looks like one: a heading, or bold from its beginning."""
    if line.loose:
        return ""
    if line.heading:
        return line.heading
    bullet = BULLET.fullmatch(line.text)
    body = bullet["text"] if bullet else line.bare
    label = LABEL.fullmatch(body)
    if label and label["rest"] and not NUMBER.match(plain(body)) and not bullet:
        return ""  # a remark: **Note:** ...
    if bullet and not bullet["mark"][0].isdigit() and not NUMBER.match(plain(body)):
        return ""  # a bold word at the beginning of a step
    return body if BOLD.fullmatch(body) else ""


def _begin(found: list[_Task], title: str, indent: int, *, numbered: bool) -> None:
    bold = BOLD.fullmatch(title)
    named = plain(bold["text"]) if bold else plain(title)
    bare = NUMBER.sub("", named).strip().removesuffix(":").strip() or named
    found.append(_Task(bare, indent, numbered))
    if bold and (rest := plain(bold["rest"]).strip(" :-\u2013\u2014")):
        found[-1].notes.append(rest)


def _step(task: _Task, text: str, indent: int) -> None:
    """A bullet; one that is further in than the first belongs to the step above it."""
    if task.step_indent < 0 or indent <= task.step_indent or not task.steps:
        task.step_indent = indent if task.step_indent < 0 else min(task.step_indent, indent)
        task.steps.append(text)
    else:
        task.steps[-1] += f"{':' if ': ' not in task.steps[-1] else ';'} {text}"


def _block(notes: list[str]) -> str:
    """As a block of its own: code stays code whatever it was indented by."""
    return textwrap.dedent("\n".join(notes)).strip("\n")
