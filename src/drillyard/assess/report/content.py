"""The report of a submission as data; its schema is published in docs/report.schema.json.

`build` gathers what was judged and measured; everything that shows it (`text`, `page`) works from this and
from nothing else. `file` is how it is signed and kept. Numbers that are not finite are null.
"""

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any, Literal

from pydantic import JsonValue, TypeAdapter

from drillyard import __version__
from drillyard.assess.check import Evidence, Status
from drillyard.assess.criteria import CriterionResult, points
from drillyard.assess.judge import CheckResult, Judgement
from drillyard.assess.measurement import Capacity, Measurement, MissingReadingError
from drillyard.assess.report.experiment_lines import ExperimentLine, lines
from drillyard.assess.scores import Score
from drillyard.base.clock import wall
from drillyard.measure.paired import Interval

FORMAT_VERSION: Literal[2] = 2
FIGURES = (
    "latency.p50",
    "latency.p95",
    "latency.p95.",
    "requests.success_ratio",
    "db.buffers_per_request",
    "db.calls_per_request",
    "db.time_per_request",
    "cache.hit_ratio",
    "cache.hit_ratio.",
    "valkey.evicted",
    "queue.oldest_max",
    "jobs.retries_per_job",
    "processes.cpu_per_request",
    "processes.memory",
)
"""The readings of the report, in order; one that ends in a dot stands for all that begin so."""


@dataclass(frozen=True)
class EvidenceLine:
    """One thing that was measured, beside what was asked. `window` is start and end, seconds since the
    epoch.
    """

    what: str
    status: Status
    value: float | None
    low: float | None
    high: float | None
    unit: str
    threshold: str
    window: tuple[float, float] | None
    source: str
    look_next: str
    reason: str


@dataclass(frozen=True)
class CheckLine:
    """One check. `when` is what it had to be: still true at the end, once, held for some seconds.

    `our_bug` marks one that could not judge by a fault of the drill's.
    """

    id: str
    title: str
    when: str
    status: Status
    reason: str
    our_bug: bool
    evidence: tuple[EvidenceLine, ...]


@dataclass(frozen=True)
class TaskLine:
    """One task with its checks."""

    id: str
    title: str
    status: Status
    self_assessed: str
    checks: tuple[CheckLine, ...]


@dataclass(frozen=True)
class FigureLine:
    """One reading: before (the drill's first measurement), now, and the twin's and par's of now.

    `ratio` is the paired ratio of the learner to the twin with its interval; `windows` are the learner's
    values.
    """

    name: str
    unit: str
    before: float | None
    learner: float | None
    twin: float | None
    par: float | None
    ratio: float | None
    ratio_low: float | None
    ratio_high: float | None
    windows: tuple[float | None, ...]


@dataclass(frozen=True)
class CapacityLine:
    """The sustained throughput of one subject, requests a second, and every rate that was tried.

    A step is the rate, its 95th percentile in ms, and the share of requests that failed.
    """

    subject: str
    rate: float
    bracket: float | None
    objective: str
    steps: tuple[tuple[float, float | None, float], ...]


@dataclass(frozen=True)
class HintLine:
    """A hint that was read, and its price in points of 100."""

    task: str
    tier: int
    at: float
    cost: float


@dataclass(frozen=True)
class TimelineLine:
    """Something that the learner did or that happened; `by` says which of the two."""

    at: float
    by: Literal["learner", "range"]
    text: str


@dataclass(frozen=True)
class AttemptLine:
    """A submission of this drill; `points` of 100."""

    number: int
    at: float
    status: Status
    points: float | None


@dataclass(frozen=True)
class Story:
    """What stands beside the judgement: whose drill it was, and what happened in it.

    `planted` are the titles of the flaws, empty while they are not to be told; `attempts` are the earlier
    submissions of the drill; `debrief_read` says that flaws and debrief were known before this submission,
    which costs as many points as the hints that were not read.
    """

    drill: str = ""
    attempt: int = 1
    hints: tuple[HintLine, ...] = ()
    timeline: tuple[TimelineLine, ...] = ()
    notes: tuple[str, ...] = ()
    planted: tuple[str, ...] = ()
    debrief: str = ""
    debrief_read: bool = False
    debrief_cost: float = 0.0
    attempts: tuple[AttemptLine, ...] = ()

    @property
    def hints_cost(self) -> float:
        """Points for all hints, and for the debrief where it was read."""
        return sum(hint.cost for hint in self.hints) + self.debrief_cost


@dataclass(frozen=True)
class Report:
    """Everything that a submission gave. Times are seconds since the epoch, spans are seconds.

    `points` are those of 100 that the four `criteria` give, less the hints.
    """

    format_version: Literal[2]
    drillyard: str
    generated_at: float
    scenario: str
    title: str
    variant: str
    measurement: str
    measured_from: float
    measured_to: float
    active_seconds: float
    status: Status
    points: float | None
    criteria: tuple[CriterionResult, ...]
    tasks: tuple[TaskLine, ...]
    invariants: tuple[CheckLine, ...]
    documents: tuple[CheckLine, ...]
    analysis: tuple[CheckLine, ...]
    scores: tuple[Score, ...]
    figures: tuple[FigureLine, ...]
    capacities: tuple[CapacityLine, ...]
    story: Story
    experiments: tuple[ExperimentLine, ...] = ()
    """Runs of chaos experiments."""
    page_maker: str = ""
    """Names the code that makes the page; only the same code makes the same page again."""

    def checks(self) -> tuple[CheckLine, ...]:
        """Everything that was judged, in the order in which it is shown."""
        tasks = (check for task in self.tasks for check in task.checks)
        return (*tasks, *self.invariants, *self.documents, *self.analysis)


_REPORT = TypeAdapter(Report)


def build(judgement: Judgement, measurement: Measurement, story: Story) -> Report:
    """The report of a judged measurement; `measurement.earlier` gives the figures from before."""
    return Report(
        format_version=FORMAT_VERSION,
        drillyard=__version__,
        generated_at=wall(),
        scenario=judgement.scenario,
        title=judgement.title,
        variant=judgement.variant,
        measurement=measurement.id,
        measured_from=measurement.started,
        measured_to=measurement.ended,
        active_seconds=judgement.seconds_active,
        status=judgement.status,
        points=points(judgement.criteria, story.hints_cost),
        criteria=judgement.criteria,
        tasks=tuple(
            TaskLine(t.id, t.title, t.status, t.self_assessed, _checks(t.checks)) for t in judgement.tasks
        ),
        invariants=_checks(judgement.invariants),
        documents=_checks(judgement.documents),
        analysis=_checks(judgement.analysis),
        scores=judgement.scores,
        figures=tuple(_figures(measurement)),
        capacities=tuple(_capacity(name, each) for name, each in measurement.capacities.items()),
        story=story,
        experiments=tuple(lines(measurement.experiments)),
    )


def to_values(report: Report) -> dict[str, JsonValue]:
    """The report as JSON values."""
    return {name: _json(value) for name, value in asdict(report).items()}


def from_values(values: JsonValue) -> Report:
    """What `to_values` gave.

    Raises:
        pydantic.ValidationError: it is no report of this format.
    """
    return _REPORT.validate_python(values, strict=False)


def schema() -> dict[str, Any]:
    """The JSON schema of a report."""
    return _REPORT.json_schema()


def _checks(results: Iterable[CheckResult]) -> tuple[CheckLine, ...]:
    return tuple(
        CheckLine(
            result.id,
            result.title,
            str(result.when),
            result.verdict.status,
            result.verdict.reason,
            result.verdict.our_bug,
            tuple(_evidence(item) for item in result.verdict.evidence),
        )
        for result in results
    )


def _capacity(subject: str, found: Capacity) -> CapacityLine:
    steps = tuple((rate, p95 if math.isfinite(p95) else None, failed) for rate, p95, failed in found.steps)
    bracket = found.bracket if math.isfinite(found.bracket) else None
    return CapacityLine(subject, found.rate, bracket, found.objective, steps)


def _evidence(item: Evidence) -> EvidenceLine:
    return EvidenceLine(
        what=item.what,
        status=item.status,
        value=item.value,
        low=item.low,
        high=item.high,
        unit=item.unit,
        threshold=item.threshold,
        window=(item.window.start, item.window.end) if item.window else None,
        source=item.source,
        look_next=item.look_next,
        reason=item.reason,
    )


def _figures(m: Measurement) -> Iterable[FigureLine]:
    known = list(m.learner.all())
    before = m.earlier[0].learner if m.earlier else None
    for pattern in FIGURES:
        names = [n for n in known if n.startswith(pattern)] if pattern.endswith(".") else [pattern]
        for name in names:
            learner = m.learner.get(name)
            if learner is None:
                continue
            ratio = _ratio(m, name)
            yield FigureLine(
                name=name,
                unit=learner.unit.value,
                before=_value(before.get(name) if before else None),
                learner=_value(learner),
                twin=_value(m.twin.get(name)),
                par=_value(m.par.get(name)),
                ratio=ratio.value if ratio else None,
                ratio_low=ratio.low if ratio else None,
                ratio_high=ratio.high if ratio else None,
                windows=tuple(m.values(name, "learner")),
            )


def _value(interval: Interval | None) -> float | None:
    return interval.value if interval is not None else None


def _ratio(m: Measurement, name: str) -> Interval | None:
    try:
        return m.ratio(name)
    except MissingReadingError:
        return None


def _json(value: object) -> JsonValue:
    match value:
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {str(key): _json(item) for key, item in value.items()}
        case list() | tuple():
            return [_json(item) for item in value]
        case Enum():
            return _json(value.value)
        case None | bool() | int() | str():
            return value
        case _:
            raise TypeError(f"{type(value).__name__} is nothing that a report holds")
