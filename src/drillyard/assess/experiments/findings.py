"""findings.yaml: what a learner says is weak, on what evidence, and what was looked at and found healthy."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator

from drillyard.assess.written import Entry, read

FILE = "findings.yaml"


class Shown(Entry):
    """Where a weakness showed: `reading` was `value` at the instant `at` of the experiment's run `run`."""

    run: str
    reading: str
    at: datetime
    value: float

    @field_validator("at")
    @classmethod
    def _in_utc_unless_said(cls, value: datetime) -> datetime:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value


def _folded(value: object) -> object:
    return value.casefold() if isinstance(value, str) else value


class Weakness(Entry):
    """One weakness. `component` and `mechanism` are words of the scenario's vocabulary."""

    component: str
    mechanism: str
    severity: Annotated[Literal["low", "medium", "high", "critical"], BeforeValidator(_folded)]
    evidence: list[Shown] = Field(min_length=1)
    action: str
    fixed: bool = False


class Healthy(Entry):
    """Something that was tried by an experiment, and bore it."""

    component: str
    mechanism: str
    run: str


class Findings(Entry):
    """The file."""

    findings: list[Weakness] = Field(default_factory=list, max_length=50)
    healthy: list[Healthy] = Field(default_factory=list, max_length=50)


def parse(text: str) -> Findings:
    """What the file says.

    Raises:
        ValueError: it cannot be read; says where and why, on one line.
    """
    return read(Findings, text)


def said_to_be_mended(text: str | None) -> frozenset[str]:
    """The mechanisms that are said to be fixed; nothing where the file is missing or cannot be read."""
    try:
        found = parse(text or "").findings
    except ValueError:
        return frozenset()
    return frozenset(each.mechanism for each in found if each.fixed)
