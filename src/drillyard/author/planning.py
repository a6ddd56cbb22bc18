"""From outlines to scenario directories and back: what `drill import` writes and `drill export` reads."""

import os
import re
import shutil
import unicodedata
from collections.abc import Iterable, Sequence
from io import StringIO
from pathlib import Path

from ruamel.yaml import YAML

from drillyard.author.outline import Outline, OutlineResource, OutlineTask
from drillyard.author.schema import write_schema
from drillyard.base.errors import UserError
from drillyard.scenario.manifest import Manifest
from drillyard.scenario.scenario import Scenario

UNCHECKED = "Imported from a document: no check was written for it yet"
"""Why the tasks of an imported scenario are self-assessed."""
MISSING = "(the document does not say)"
DEFAULT_MIN = 120
_SCHEMA = "# yaml-language-server: $schema=../scenario.schema.json\n"
_BRIEF = """\
# {title}

{objective}

`drill brief 1` shows the first task. All that you may change lies in your workspace; `drill apply` puts it to
use.
"""
_DEBRIEF = """\
# Debrief

To be written: what was the matter, what the reference solution did, how the same looks in production.
"""


def slug_of(title: str, taken: Iterable[str] = ()) -> str:
    """A directory's name for a title: a-z, 0-9 and -; with a number where it is taken."""
    ascii_only = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^a-z0-9]+", "-", ascii_only.lower()).strip("-")[:60].strip("-") or "scenario"
    names = set(taken)
    return next(
        name
        for number in range(1, len(names) + 2)
        if (name := stem if number == 1 else f"{stem}-{number}") not in names
    )


def write_scenarios(outlines: Sequence[Outline], into: Path) -> list[Path]:
    """Write one directory an outline under `into`; all of them or none.

    Raises:
        UserError: one of the directories is there already, or cannot be written.
    """
    slugs: list[str] = []
    for outline in outlines:
        slugs.append(slug_of(outline.title, slugs))
    if there := [slug for slug in slugs if os.path.lexists(into / slug)]:
        raise UserError(
            f"{', '.join(there)}: there already",
            where=str(into),
            next_step="Name another directory with --into; nothing was written.",
        )
    written = [into / slug for slug in slugs]
    try:
        for outline, directory in zip(outlines, written, strict=True):
            _write(outline, directory)
        write_schema(into)
    except OSError as error:
        for directory in written:
            shutil.rmtree(directory, ignore_errors=True)
        raise UserError(
            f"The scenarios cannot be written: {error}", where=str(into), next_step="Nothing was written."
        ) from error
    return written


def outline_of(scenario: Scenario) -> Outline:
    """The seven fields of a scenario, with what stands on the pages of tasks that have no more than notes."""
    manifest = scenario.manifest
    return Outline(
        title=manifest.title,
        objective="" if manifest.objective == MISSING else manifest.objective,
        minutes=manifest.duration,
        prerequisites=manifest.prerequisites,
        tasks=tuple(
            OutlineTask(task.title, () if task.steps == (MISSING,) else task.steps) for task in manifest.tasks
        ),
        success_criteria=tuple(each.text for each in manifest.success_criteria if each.text != MISSING),
        resources=tuple(OutlineResource(each.title, each.link) for each in manifest.resources),
    )


def duration_text(minutes: int) -> str:
    """`2 h 30 min`, as a manifest has it."""
    hours, rest = divmod(minutes, 60)
    return " ".join(part for part in (f"{hours} h" if hours else "", f"{rest} min" if rest else "") if part)


def _write(outline: Outline, directory: Path) -> None:
    tasks = outline.tasks or (OutlineTask("To be written"),)
    ids: list[str] = []
    for task in tasks:
        ids.append(_task_id(task.title, ids))
    pages = [f"{number}-{task_id}.md" for number, task_id in enumerate(ids, start=1)]
    (directory / "tasks").mkdir(parents=True)
    manifest = {
        "format_version": 1,
        "title": outline.title,
        "objective": outline.objective or MISSING,
        "duration": duration_text(outline.minutes or DEFAULT_MIN),
        "prerequisites": list(outline.prerequisites),
        "tasks": [
            {
                "id": task_id,
                "title": task.title,
                "page": page,
                "steps": list(task.steps) or [MISSING],
                "self_assessed": UNCHECKED,
            }
            for task, task_id, page in zip(tasks, ids, pages, strict=True)
        ],
        "success_criteria": list(outline.success_criteria) or [MISSING],
        "resources": [
            {"title": each.title, **({"link": each.link} if each.link else {})} for each in outline.resources
        ],
    }
    Manifest.model_validate(manifest)
    (directory / "scenario.yaml").write_text(_SCHEMA + _yaml(manifest), encoding="utf-8")
    for number, (task, page) in enumerate(zip(tasks, pages, strict=True), start=1):
        (directory / "tasks" / page).write_text(_page(number, task), encoding="utf-8")
    brief = _BRIEF.format(title=outline.title, objective=outline.objective or MISSING)
    background = f"\n{outline.background}\n" if outline.background else ""
    (directory / "brief.md").write_text(brief + background, encoding="utf-8")
    (directory / "debrief.md").write_text(_DEBRIEF, encoding="utf-8")
    (directory / "flaws.py").write_text('"""What a variant plants: nothing yet."""\n', encoding="utf-8")
    (directory / "checks.py").write_text('"""What is measured: nothing yet."""\n', encoding="utf-8")
    (directory / "hints.yaml").write_text("{}\n", encoding="utf-8")


def _task_id(title: str, taken: Iterable[str]) -> str:
    found = slug_of(title, taken)
    return found if found[0].isalpha() else slug_of(f"task-{found}", taken)


def _page(number: int, task: OutlineTask) -> str:
    steps = "\n".join(f"- {step}" for step in task.steps)
    parts = [f"# {number}. {task.title}", steps, task.notes]
    return "\n\n".join(part for part in parts if part) + "\n"


def _yaml(value: object) -> str:
    yaml = YAML()
    yaml.width = 118
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.default_flow_style = False
    text = StringIO()
    yaml.dump(value, text)
    return text.getvalue()
