"""Lint: does a scenario's directory agree with itself? Each module here with a `RULE` is a rule."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator

from drillyard.author.lint.finding import Finding, Linted
from drillyard.base.errors import Problem, UserError
from drillyard.scenario.errors import ScenarioError
from drillyard.scenario.scenario import Scenario

Rule = Callable[[Linted], Iterator[Finding]]


def rules() -> dict[str, Rule]:
    """All rules by name."""
    modules = {
        info.name: importlib.import_module(f"{__name__}.{info.name}")
        for info in pkgutil.iter_modules(__path__)
    }
    return {name: module.RULE for name, module in modules.items() if hasattr(module, "RULE")}


def lint(scenario: Scenario, commands: frozenset[str]) -> list[Finding]:
    """What all rules say, faults first, by file and line. A file that does not load is a finding as well."""
    linted = Linted(scenario, commands)
    found: list[Finding] = []
    for rule in rules().values():
        try:
            found += rule(linted)
        except ScenarioError as error:
            found += [Finding(problem) for problem in error.problems]
        except UserError as error:
            found.append(
                Finding(Problem(error.where or str(scenario.directory), 0, error.what, "", error.next_step))
            )
    return sorted(set(found), key=lambda each: (each.note, each.problem.file, each.problem.line))
