"""Writing outlines as Markdown in the template's form; `markdown.read_document` reads it back."""

from collections.abc import Sequence

from drillyard.author.outline import Outline, OutlineResource
from drillyard.author.planning import duration_text


def write_document(outlines: Sequence[Outline]) -> str:
    """All of them in one document, numbered."""
    return "\n".join(_scenario(number, outline) for number, outline in enumerate(outlines, start=1))


def _scenario(number: int, outline: Outline) -> str:
    sections = {
        "Objective": [outline.objective] if outline.objective else [],
        "Duration": [duration_text(outline.minutes)] if outline.minutes else [],
        "Prerequisites": [f"- {each}" for each in outline.prerequisites],
        "Tasks": _tasks(outline),
        "Success Criteria": [f"- [ ] {each}" for each in outline.success_criteria],
        "Resources": [f"- {_resource(each)}" for each in outline.resources],
    }
    lines = [f"## Scenario {number}: {outline.title}", ""]
    for name, body in sections.items():
        if body:
            lines += [f"### {name}", "", *body, ""]
    return "\n".join(lines)


def _tasks(outline: Outline) -> list[str]:
    lines: list[str] = []
    for number, task in enumerate(outline.tasks, start=1):
        lines.append(f"{number}. **{task.title}**")
        lines += [f"   - {step}" for step in task.steps]
        lines += [f"   {line}".rstrip() for line in task.notes.splitlines()]
        lines.append("")
    return lines[:-1]


def _resource(resource: OutlineResource) -> str:
    return f"[{resource.title}]({resource.link})" if resource.link else resource.title
