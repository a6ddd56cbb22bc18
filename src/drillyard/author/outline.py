"""An outline: a scenario as people write it down first, in the seven fields of the template.

Nothing of it runs. `drill import` reads it from Markdown and makes a scenario's directory of it; `drill
export` writes it again.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class OutlineTask:
    """One task: `steps` in order; `notes` is what else stands under it (Markdown, kept for its page)."""

    title: str
    steps: tuple[str, ...] = ()
    notes: str = ""


@dataclass(frozen=True)
class OutlineResource:
    """Where to read on; `link` is empty where only a title was given."""

    title: str
    link: str = ""


@dataclass(frozen=True)
class Left:
    """Something of a document that is in no field: its line (from 1), what it says, and why it was left.

    `kept` is what can be found again in the scenario, as its background.
    """

    line: int
    text: str
    why: str
    kept: bool = False


@dataclass(frozen=True)
class Outline:
    """The seven fields. `minutes` is None where no duration was given or understood.

    `background` holds sections that the template does not have (Markdown). `line` is where the scenario
    begins in its document.
    """

    title: str
    objective: str = ""
    minutes: int | None = None
    prerequisites: tuple[str, ...] = ()
    tasks: tuple[OutlineTask, ...] = ()
    success_criteria: tuple[str, ...] = ()
    resources: tuple[OutlineResource, ...] = ()
    background: str = ""
    line: int = 1


@dataclass(frozen=True)
class Document:
    """What a document held: its scenarios, and what could not be understood."""

    outlines: tuple[Outline, ...]
    left: tuple[Left, ...] = field(default=())
