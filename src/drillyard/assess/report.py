"""The report of a submission as data: `report.json`, whose schema is published in docs/report.schema.json.

`build` gathers what was judged and measured; everything that shows it (terminal, web page, `report_html`)
works from this and from nothing else. Numbers that are not finite are null.
"""

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal

from pydantic import TypeAdapter

from drillyard.assess.check import Evidence, Status
from drillyard.assess.judge import CheckResult, Judgement
from drillyard.assess.measurement import Measurement, MissingReadingError
from drillyard.assess.scores import Score
from drillyard.base.clock import wall
from drillyard.measure.paired import Interval

FORMAT_VERSION: Literal[1] = 1
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
    """One check. `our_bug` marks one that could not judge by a fault of the drill's."""

    id: str
    title: str
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
class Report:
    """Everything that a submission gave. Times are seconds since the epoch, spans are seconds."""

    format_version: Literal[1]
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
    tasks: tuple[TaskLine, ...]
    invariants: tuple[CheckLine, ...]
    documents: tuple[CheckLine, ...]
    scores: tuple[Score, ...]
    figures: tuple[FigureLine, ...]
    success_criteria: tuple[str, ...]


_REPORT = TypeAdapter(Report)


def build(judgement: Judgement, measurement: Measurement) -> Report:
    """The report of a judged measurement; `measurement.earlier` gives the figures from before."""
    return Report(
        format_version=FORMAT_VERSION,
        drillyard=_version(),
        generated_at=wall(),
        scenario=judgement.scenario,
        title=judgement.title,
        variant=judgement.variant,
        measurement=measurement.id,
        measured_from=measurement.started,
        measured_to=measurement.ended,
        active_seconds=judgement.seconds_active,
        status=judgement.status,
        tasks=tuple(
            TaskLine(t.id, t.title, t.status, t.self_assessed, _checks(t.checks)) for t in judgement.tasks
        ),
        invariants=_checks(judgement.invariants),
        documents=_checks(judgement.documents),
        scores=judgement.scores,
        figures=tuple(_figures(measurement)),
        success_criteria=judgement.success_criteria,
    )


def to_json(report: Report) -> str:
    """`report.json`."""
    return json.dumps(_finite(asdict(report)), indent=1, allow_nan=False) + "\n"


def from_json(text: str) -> Report:
    """What `to_json` wrote.

    Raises:
        pydantic.ValidationError: it is no report of this format.
    """
    return _REPORT.validate_json(text)


def schema() -> dict[str, Any]:
    """The JSON schema of `report.json`."""
    return {"title": "Drillyard report", **_REPORT.json_schema()}


def _checks(results: Iterable[CheckResult]) -> tuple[CheckLine, ...]:
    return tuple(
        CheckLine(
            result.id,
            result.title,
            result.verdict.status,
            result.verdict.reason,
            result.verdict.our_bug,
            tuple(_evidence(item) for item in result.verdict.evidence),
        )
        for result in results
    )


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


def _finite(value: object) -> object:
    match value:
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {key: _finite(item) for key, item in value.items()}
        case list() | tuple():
            return [_finite(item) for item in value]
        case _:
            return value


def _version() -> str:
    try:
        return version("drillyard")
    except PackageNotFoundError:
        return "0"
