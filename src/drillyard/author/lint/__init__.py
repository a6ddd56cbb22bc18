"""Lint: does a scenario's directory agree with itself? Each module here with a `RULE` is a rule.

Its flaws.py and checks.py are run for that, as whoever lints; nothing is started or measured.
"""

import importlib
import pkgutil
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from drillyard.author.lint.finding import Finding, Linted
from drillyard.base.errors import Problem, UserError
from drillyard.scenario.content import forget_modules
from drillyard.scenario.errors import ScenarioError
from drillyard.scenario.scenario import Scenario

Rule = Callable[[Linted], Iterator[Finding]]


def rules() -> dict[str, Rule]:
    """All rules by name."""
    names = [info.name for info in pkgutil.iter_modules(__path__)]
    modules = {name: importlib.import_module(f"{__name__}.{name}") for name in names}
    return {name: module.RULE for name, module in modules.items() if hasattr(module, "RULE")}


def lint(directory: Path, commands: frozenset[str]) -> list[Finding]:
    """What all rules say of the scenario in `directory`, faults first, by file and line.

    Whatever a file of its raises is a finding as well, with the line where that happened.
    """
    forget_modules()
    try:
        linted = Linted(Scenario.load(directory), commands)
    except (Exception, SystemExit) as error:  # content: whatever it raises is its author's to mend
        return _raised(directory, error)
    found: list[Finding] = []
    for rule in rules().values():
        try:
            found += rule(linted)
        except (Exception, SystemExit) as error:  # as above
            found += _raised(directory, error)
    return sorted(set(found), key=lambda each: (each.note, each.problem.file, each.problem.line))


def _raised(directory: Path, error: BaseException) -> list[Finding]:
    if isinstance(error, ScenarioError):
        return [Finding(problem) for problem in error.problems]
    file, line = _place(directory, error)
    if isinstance(error, UserError):
        return [Finding(Problem(file or error.where or str(directory), line, error.what))]
    if isinstance(error, OSError):
        return [Finding(Problem(str(error.filename or directory), 0, f"cannot be read: {error.strerror}"))]
    what = f"{type(error).__name__}: {error}"
    return [Finding(Problem(file or str(directory), line, what))]


def _place(directory: Path, error: BaseException) -> tuple[str, int]:
    """The last line of a file of the scenario's that an error, or what caused it, came through."""
    origin: BaseException | None = error
    while origin is not None:
        if isinstance(origin, SyntaxError) and origin.filename:
            return origin.filename, origin.lineno or 0
        inside = [
            frame
            for frame in traceback.extract_tb(origin.__traceback__)
            if Path(frame.filename).is_relative_to(directory.resolve())
        ]
        if inside:
            return inside[-1].filename, inside[-1].lineno or 0
        origin = origin.__cause__
    return "", 0
