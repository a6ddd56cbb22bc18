"""What can be wrong with a scenario's files; an author can mend all of it."""

from pathlib import Path

from drillyard.base.errors import Problem, UserError


class ScenarioError(UserError):
    """A scenario's files do not say what they must; `problems` has one entry a finding, with its line."""

    def __init__(self, problems: list[Problem], *, next_step: str = "") -> None:
        super().__init__(
            "\n".join(map(str, problems)), next_step=next_step or "docs/scenarios.md describes every field."
        )
        self.problems = problems


def broken(
    path: Path, message: str, *, line: int = 0, expected: str = "", next_step: str = ""
) -> ScenarioError:
    """A `ScenarioError` of one problem."""
    return ScenarioError([Problem(str(path), line, message, expected, next_step)])
