"""`drill import`: scenarios out of a document that is written to the template."""

from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel

from drillyard.author.markdown.reading import read_document
from drillyard.author.planning import write_scenarios
from drillyard.base.errors import UserError
from drillyard.cli.options import Json
from drillyard.cli.screen import counted, err, out, show_json

LIMIT_BYTES = 4 * 1024 * 1024


class LeftLine(BaseModel):
    """Something that is in no field, with its line and why."""

    line: int
    text: str
    why: str


class Imported(BaseModel):
    """The directories that were written, and what was left."""

    scenarios: list[str]
    left: list[LeftLine]


def command(
    file: Annotated[Path, typer.Argument(help="A Markdown document; docs/scenarios.md shows its form.")],
    into: Annotated[Path, typer.Option(help="The directory for the scenarios' own.")] = Path(),
    as_json: Json = False,
) -> None:
    """Make a scenario's directory of each scenario in a document; its tasks are self-assessed at first."""
    document = read_document(_text(file))
    if not document.outlines:
        raise UserError(
            "There is no scenario in this document",
            where=str(file),
            next_step="One begins with a heading such as `## Scenario 1: Title`, or with `**Title:** ...`.",
        )
    written = write_scenarios(document.outlines, into)
    left = [LeftLine(line=each.line, text=each.text, why=each.why) for each in document.left]
    if as_json:
        show_json(Imported(scenarios=[str(path) for path in written], left=left))
        return
    for path, outline in zip(written, document.outlines, strict=True):
        steps = sum(len(task.steps) for task in outline.tasks)
        said = f"{path}: {counted(len(outline.tasks), 'task')}, {counted(steps, 'step')}"
        out.print(said, highlight=False, soft_wrap=True)
    if left:
        err.print("\nWhat is in no field of a manifest; everything else is:")
    for each in left:
        said = f"{file}:{each.line}: {each.text[:80]}: {each.why}"
        err.print(said, markup=False, highlight=False, soft_wrap=True)
    out.print("\nNext: drill lint " + " ".join(map(str, written)), highlight=False, soft_wrap=True)


def _text(file: Path) -> str:
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise UserError(f"The document cannot be read: {error.strerror}", where=str(file)) from error
    if len(raw) > LIMIT_BYTES:
        raise UserError(
            f"The document has {len(raw)} bytes",
            where=str(file),
            next_step=f"At most {LIMIT_BYTES} are read; divide it.",
        )
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise UserError(
            f"not UTF-8 at byte {error.start}", where=f"{file}:{line}", next_step="Save it as UTF-8."
        ) from error
