"""findings.yaml: what a learner says is weak, on what evidence, and what was looked at and found healthy."""

import io
from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

FILE = "findings.yaml"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Shown(_Entry):
    """Where a weakness showed: `reading` was `value` at the instant `at` of the experiment's run `run`."""

    run: str
    reading: str
    at: datetime
    value: float

    @field_validator("at")
    @classmethod
    def _in_utc_unless_said(cls, value: datetime) -> datetime:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value


class Weakness(_Entry):
    """One weakness. `component` and `mechanism` are words of the scenario's vocabulary."""

    component: str
    mechanism: str
    severity: Literal["low", "medium", "high", "critical"]
    evidence: list[Shown] = Field(min_length=1)
    action: str
    fixed: bool = False


class Healthy(_Entry):
    """Something that was tried by an experiment, and bore it."""

    component: str
    mechanism: str
    run: str


class Findings(_Entry):
    """The file."""

    findings: list[Weakness] = Field(default_factory=list, max_length=50)
    healthy: list[Healthy] = Field(default_factory=list, max_length=50)


def parse(text: str) -> Findings:
    """What the file says.

    Raises:
        ValueError: it cannot be read; says where and why, on one line.
    """
    try:
        return Findings.model_validate(YAML(typ="safe", pure=True).load(io.StringIO(text)))
    except YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise ValueError(f"{where}: {first['msg']}") from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def said_to_be_mended(text: str | None) -> frozenset[str]:
    """The mechanisms that are said to be fixed; nothing where the file is missing or cannot be read."""
    try:
        found = parse(text or "").findings
    except ValueError:
        return frozenset()
    return frozenset(each.mechanism for each in found if each.fixed)
