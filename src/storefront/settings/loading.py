"""From a file to settings, or to problems with lines."""

import os
import re
import tomllib
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError

from storefront.settings.model import PREFIX, Settings
from storefront.settings.positions import lines_of_keys
from storefront.settings.problems import SettingsError, SettingsProblem, problems_of

_AT_LINE = re.compile(
    r"^(?P<message>.*) \(at (?:line (?P<line>\d+), column \d+|end of document)\)$", re.DOTALL
)


def parse(text: str, file: str = "storefront.toml") -> Settings:
    """Settings from the text of a file; `file` is the name that problems carry.

    Raises:
        SettingsError: the text is not TOML, or a setting is unknown or out of range.
    """
    try:
        return _parsed(text, _overrides())
    except SettingsError as error:
        raise SettingsError([replace(problem, file=file) for problem in error.problems]) from error


def _overrides() -> tuple[tuple[str, str], ...]:
    """What the environment says."""
    return tuple(sorted(found for found in os.environ.items() if found[0].upper().startswith(PREFIX)))


@lru_cache(maxsize=1)
def _parsed(text: str, _environment: tuple[tuple[str, str], ...]) -> Settings:
    """Remembered, for processes that are forked after a parent read the same text: 3 MB less in each."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([_syntax_problem(str(error), text)]) from error
    try:
        return Settings(**values)
    except ValidationError as error:
        raise SettingsError(problems_of(Settings, error, "", lines_of_keys(text))) from error


def _syntax_problem(message: str, text: str) -> SettingsProblem:
    match = _AT_LINE.match(message)
    line = int(match["line"]) if match and match["line"] else len(text.splitlines())
    reason = match["message"] if match else message
    return SettingsProblem("", line, f"not readable as TOML: {reason[:1].lower()}{reason[1:]}", "key = value")


def load(path: Path | str) -> Settings:
    """Settings from a file.

    Raises:
        SettingsError: the file cannot be read, or what it says is wrong.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SettingsError([SettingsProblem(str(path), 0, f"cannot be read: {reason}")]) from error
    return _with_paths_beside(parse(text, str(path)), Path(path).absolute().parent)


def _with_paths_beside(settings: Settings, directory: Path) -> Settings:
    """A relative path is meant relative to the settings file, wherever the process was started."""
    database, security = settings.database, settings.security
    if database.sql_directory is not None:
        database = database.model_copy(update={"sql_directory": directory / database.sql_directory})
    if security.policy_file is not None:
        security = security.model_copy(update={"policy_file": directory / security.policy_file})
    return settings.model_copy(update={"database": database, "security": security})
