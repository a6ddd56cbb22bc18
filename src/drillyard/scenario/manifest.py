"""scenario.yaml: the seven fields of the template first, then what runs, what is sent, what is promised."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from drillyard.scenario.yaml_file import read_model

_DURATION = re.compile(r"(?:(?P<hours>\d+)\s*h)?\s*(?:(?P<minutes>\d+)\s*min)?")


def _minutes(value: object) -> object:
    """`2 h 30 min` as minutes; a number is left as it is."""
    if not isinstance(value, str):
        return value
    match = _DURATION.fullmatch(value.strip())
    if match is None or not value.strip():
        raise ValueError(f"`{value}` is no duration; write it as `2 h 30 min`")
    return int(match["hours"] or 0) * 60 + int(match["minutes"] or 0)


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


_Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Task(_Frozen):
    """One task. `page` is its file under `tasks/`; `checks` the ids in checks.py that decide it.

    A task without checks says in `self_assessed` why it cannot be measured.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    title: str
    steps: tuple[str, ...] = Field(min_length=1)
    page: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    checks: tuple[str, ...] = ()
    self_assessed: str = ""

    @model_validator(mode="after")
    def _decidable(self) -> "Task":
        if not self.checks and not self.self_assessed:
            raise ValueError("a task needs `checks`, or `self_assessed` with the reason why it has none")
        return self


class Resource(_Frozen):
    """Where to read on. `link` is a URL or a path in the documentation."""

    title: str
    link: str = ""


class RangeDefaults(_Frozen):
    """What range.toml starts from before flaws, and the size of the data set (1.0 is the full one).

    With `sites` there is a second site (a standby, storage), a scheduler and a shell for operators. With
    `network` components speak to each other through proxies, which faults of the network need.
    """

    replicas: int = Field(default=2, ge=1, le=16)
    workers: dict[str, int] = Field(default_factory=dict)
    data_scale: float = Field(default=1.0, gt=0, le=4)
    sites: bool = False
    network: bool = False


class Traffic(_Frozen):
    """Requests per second while the learner works, and while a window is measured.

    `mix` weighs the journeys; `objectives_ms` is the promised 95th percentile of each route.
    """

    base_rate: float = Field(default=15, gt=0)
    measure_rate: float = Field(default=60, gt=0)
    mix: dict[str, float] = Field(
        default_factory=lambda: {"browse": 60.0, "search": 14.0, "buy": 12.0, "history": 12.0, "admin": 2.0}
    )
    objectives_ms: dict[str, float] = Field(default_factory=dict)


class Budget(_Frozen):
    """What all parts together may use: processes of the shop, database connections, memory (PSS, MiB).

    As shipped, the shop's six processes and one in reserve, ten connections more than they hold at most, and
    twice the memory that they use.
    """

    processes: int = Field(default=7, gt=0)
    connections: int = Field(default=60, gt=0)
    memory_mb: int = Field(default=900, gt=0)


class Promises(_Frozen):
    """What the shop promised its customers and must keep while it is tuned.

    A price on a page is at most `price_stale_s` seconds old; a payment waits at most `payment_wait_s`
    seconds, whatever the reports do; `jobs_lost` jobs may vanish. A report that is shown may be
    `report_stale_s` seconds old.
    """

    price_stale_s: float = Field(default=30, gt=0)
    payment_wait_s: float = Field(default=5, gt=0)
    jobs_lost: int = Field(default=0, ge=0)
    report_stale_s: float = Field(default=120, ge=0)


class Variants(_Frozen):
    """How a seed chooses flaws: `minimum` to `maximum` of them, and `always` these.

    `per_family` names the scenario's families of flaws, in the order in which they are drawn from, with the
    least of each. `figures` are numbers that the brief states: of each, a variant has one of those listed.
    """

    minimum: int = Field(default=8, ge=1)
    maximum: int = Field(default=10, ge=1)
    per_family: dict[str, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    always: tuple[str, ...] = ()
    figures: dict[_Name, tuple[float, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _ordered(self) -> "Variants":
        if self.maximum < self.minimum:
            raise ValueError("`maximum` is below `minimum`")
        if empty := [name for name, values in self.figures.items() if not values]:
            raise ValueError(f"`figures` lists no value for {', '.join(empty)}")
        return self


class Document(_Frozen):
    """A file that the learner writes, relative to the workspace, and the headings that it must have (none:
    it has to be there, and checks say what of it).

    `figures` is how many numbers with a unit in it a kept measurement must stand behind; in the sections
    `measured` (all, when none is named) figures without a measurement count against it.
    """

    file: str
    sections: tuple[str, ...] = ()
    figures: int = Field(default=0, ge=0)
    measured: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _measured_sections(self) -> "Document":
        if unknown := [title for title in self.measured if title not in self.sections]:
            raise ValueError(f"`measured` names {', '.join(unknown)}, which is not among `sections`")
        return self


class Criterion(_Frozen):
    """One success criterion; written as a sentence alone, or with the `checks` that decide it at submission.

    They are ids of checks.py, of invariants, `document:<file>` or `analysis`. Without any the learner judges
    it.
    """

    text: str = Field(min_length=1)
    checks: tuple[str, ...] = ()


class Disasters(_Frozen):
    """What may happen to the shop: `kinds` by their ids (docs/disasters.md), of which `graded` are drawn, one
    at a time and unannounced, when the learner asks for the real thing.

    `runbook` is the document with the learner's steps, `section` its heading under which they stand. What is
    graded or rehearsed comes after `before_s` seconds of ordinary business, by which it is judged whether
    customers could buy; what is graded, after a further time between the two of `unannounced_s`. That is best
    longer than what may be lost, so that a copy made by hand when it was called for does not help.
    """

    kinds: tuple[str, ...] = Field(min_length=1)
    graded: int = Field(default=3, ge=1)
    before_s: float = Field(default=60, gt=0)
    unannounced_s: tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(ge=0)]] = (45, 75)
    runbook: str = "runbook.md"
    section: str = "Recovery"

    @model_validator(mode="after")
    def _enough(self) -> "Disasters":
        if self.graded > len(self.kinds):
            raise ValueError("`graded` is more than there are `kinds`")
        return self


class Analysis(_Frozen):
    """Where a document analyses the results, and how much is asked of it.

    `before` and `after` are the sections with the same readings at both times, at least `compared` of them;
    `remaining` is the section that says what would be next. Sections are those of `document`.
    """

    document: str
    before: str
    after: str
    remaining: str
    compared: int = Field(default=2, ge=1)

    @property
    def sections(self) -> tuple[str, str, str]:
        """The three sections."""
        return self.before, self.after, self.remaining


def _criterion(value: object) -> object:
    return {"text": value} if isinstance(value, str) else value


class Manifest(_Frozen):
    """scenario.yaml, format version 1."""

    format_version: Literal[1]
    title: str
    objective: str
    duration: Annotated[
        int,
        BeforeValidator(_minutes),
        Field(ge=1, le=8 * 60),
        WithJsonSchema({"type": "string", "pattern": r"^(\d+ h)?( ?\d+ min)?$", "examples": ["2 h 30 min"]}),
    ]
    """Minutes; written as `2 h 30 min`."""
    prerequisites: tuple[str, ...]
    tasks: tuple[Task, ...] = Field(min_length=1)
    success_criteria: tuple[
        Annotated[
            Criterion,
            BeforeValidator(_criterion),
            WithJsonSchema({"anyOf": [{"type": "string"}, Criterion.model_json_schema()]}),
        ],
        ...,
    ] = Field(min_length=1)
    resources: tuple[Resource, ...] = ()
    range: RangeDefaults = RangeDefaults()
    traffic: Traffic = Traffic()
    budget: Budget = Budget()
    promises: Promises = Promises()
    variants: Variants = Variants()
    par: str = ""
    """The solution (a directory under `solutions/`) whose result is par; none while there is no solution."""
    documents: tuple[Document, ...] = ()
    analysis: Analysis | None = None
    analysed_by: tuple[str, ...] = ()
    """What decides whether results were analysed, beside `analysis`: ids as in `success_criteria`."""
    disasters: Disasters | None = None

    @model_validator(mode="after")
    def _on_two_sites(self) -> "Manifest":
        if self.disasters and not self.range.sites:
            raise ValueError("`disasters` need a range with `sites: true`")
        return self

    @model_validator(mode="after")
    def _analysed_document(self) -> "Manifest":
        if self.analysis is None:
            return self
        sections = {each.file: each.sections for each in self.documents}.get(self.analysis.document)
        if sections is None:
            raise ValueError(f"`analysis` names {self.analysis.document}, which is not among `documents`")
        if unknown := [title for title in self.analysis.sections if title not in sections]:
            raise ValueError(f"`analysis` names {', '.join(unknown)}, no section of {self.analysis.document}")
        return self

    @model_validator(mode="after")
    def _unique_tasks(self) -> "Manifest":
        seen: set[str] = set()
        for task in self.tasks:
            if task.id in seen:
                raise ValueError(f"two tasks have the id `{task.id}`")
            seen.add(task.id)
        return self

    def task(self, task_id: str) -> Task | None:
        """The task with that id (or its number, counted from 1)."""
        for number, task in enumerate(self.tasks, start=1):
            if task_id in (task.id, str(number)):
                return task
        return None


def read_manifest(path: Path) -> Manifest:
    """Read scenario.yaml.

    Raises:
        ScenarioError: with file, line and what was expected.
    """
    return read_model(path, Manifest)
