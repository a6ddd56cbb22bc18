"""What learners write down as data: YAML that is read by a model, or refused in one line."""

import io
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

Model = TypeVar("Model", bound=BaseModel)
_MOST_TOLD = 5
TAGGED_WRONGLY = (ValueError, LookupError, TypeError, AttributeError, OverflowError)
"""What YAML's loaders raise for values with a tag that are none (`!!int x`)."""


class Entry(BaseModel):
    """What learners write an entry of a file as: nothing but what is asked for."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _loaded(text: str) -> Any:
    """What YAML says, as plain data.

    Raises:
        ValueError: it is none; says where and why, on one line.
    """
    try:
        return YAML(typ="safe", pure=True).load(io.StringIO(text))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    except MarkedYAMLError as error:
        at = error.problem_mark or error.context_mark
        raise ValueError(f"line {at.line + 1}: {error.problem}" if at else str(error.problem)) from error
    except (YAMLError, *TAGGED_WRONGLY) as error:
        raise ValueError(" ".join(str(error).split())) from error


def read(model: type[Model], text: str) -> Model:
    """What YAML says, as `model` has it.

    Raises:
        ValueError: it is not of that shape; says where and why, on one line.
    """
    data = _loaded(text)
    try:
        return model.model_validate(data)
    except ValidationError as error:
        told = [f"{_place(each['loc'])}: {each['msg']}" for each in error.errors()]
        more = f"; and {len(told) - _MOST_TOLD} more" if len(told) > _MOST_TOLD else ""
        raise ValueError("; ".join(told[:_MOST_TOLD]) + more) from error
    except RecursionError as error:  # an alias that holds itself
        raise ValueError("it is nested too deeply") from error


def _place(loc: tuple[int | str, ...]) -> str:
    """Where a mistake is, in words: entries of a list count from 1."""
    return ", ".join(f"entry {part + 1}" if isinstance(part, int) else part for part in loc) or "the file"
