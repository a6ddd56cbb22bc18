"""What is wrong in a settings file, told so that it can be mended."""

from dataclasses import dataclass
from difflib import get_close_matches

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from storefront.settings.positions import Path, line_of


@dataclass(frozen=True)
class SettingsProblem:
    """One thing wrong. `line` counts from 1; 0 means the file as a whole (or the environment)."""

    file: str
    line: int
    message: str
    expected: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.message}." + (f" Expected {self.expected}." if self.expected else "")


class SettingsError(Exception):
    """The settings were refused; `problems` says why, in the order of the file."""

    def __init__(self, problems: list[SettingsProblem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


_EXPECTED = {
    "greater_than": "a number greater than {gt}",
    "greater_than_equal": "a number of at least {ge}",
    "less_than": "a number less than {lt}",
    "less_than_equal": "a number of at most {le}",
    "string_too_short": "at least {min_length} characters",
    "string_too_long": "at most {max_length} characters",
    "string_pattern_mismatch": "text that matches {pattern}",
    "enum": "{expected}",
    "literal_error": "{expected}",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "text in quotes",
    "model_type": "a table",
}


def _section_at(model: type[BaseModel], path: Path) -> type[BaseModel]:
    for part in path:
        field = model.model_fields.get(part)
        if field is None or not (
            isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
        ):
            break
        model = field.annotation
    return model


def _unknown_key(model: type[BaseModel], path: Path) -> tuple[str, str]:
    section = _section_at(model, path[:-1])
    names = list(section.model_fields)
    where = f"[{'.'.join(path[:-1])}]" if len(path) > 1 else "the settings"
    near = get_close_matches(path[-1], names, n=1, cutoff=0.5)
    expected = f"{near[0]!r}, perhaps" if near else "one of " + ", ".join(names)
    return f"{where} has no setting {path[-1]!r}", expected


def _problem(
    model: type[BaseModel], details: ErrorDetails, file: str, lines: dict[Path, int]
) -> SettingsProblem:
    path = tuple(str(part) for part in details["loc"])
    name = ".".join(path)
    if details["type"] == "extra_forbidden":
        message, expected = _unknown_key(model, path)
    elif details["type"] == "value_error":
        reason = str(details["ctx"]["error"]) if "ctx" in details else details["msg"]
        first_word = reason.split(maxsplit=1)[0].rstrip(":")
        if first_word in _section_at(model, path).model_fields:
            path = (*path, first_word)
        message, expected = f"{name}: {reason}", ""
    else:
        message = f"{name} is {details['input']!r}"
        form = _EXPECTED.get(details["type"], details["msg"])
        expected = form.format(**details.get("ctx", {}))
    return SettingsProblem(file, line_of(lines, path), message, expected)


def problems_of(
    model: type[BaseModel], error: ValidationError, file: str, lines: dict[Path, int]
) -> list[SettingsProblem]:
    """All that pydantic found, in the order of the file."""
    found = [_problem(model, details, file, lines) for details in error.errors(include_url=False)]
    return sorted(found, key=lambda problem: problem.line)
