"""Solutions and cheats: directories with an executable `run`, driven only through what a learner has."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator

from drillyard.scenario.changes import Changes
from drillyard.scenario.errors import broken
from drillyard.scenario.yaml_file import read_model


class Expectation(BaseModel):
    """expect.yaml of a cheat: the verdicts (ids of checks or invariants) that must fail, and why.

    `fails: any` is for a cheat that repairs nothing: it must fail as an untouched drill does, by whatever its
    variant has.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    fails: tuple[str, ...] | Literal["any"] = ()
    refused: str = ""
    """Instead of a verdict: a text that `run` prints when the system does not let the cheat happen at all."""
    why: str

    @model_validator(mode="after")
    def _one_way(self) -> "Expectation":
        if bool(self.fails) == bool(self.refused):
            raise ValueError("say either which verdicts fail (`fails`) or how it is refused (`refused`)")
        return self

    @property
    def named(self) -> tuple[str, ...]:
        """The verdicts that must fail; empty when any will do."""
        return () if self.fails == "any" else self.fails


@dataclass(frozen=True)
class Recipe:
    """A way through a scenario: `run` starts in the workspace, with `drill` on PATH and DRILL set."""

    name: str
    kind: Literal["solution", "cheat"]
    directory: Path

    @property
    def run(self) -> Path:
        """The executable."""
        return self.directory / "run"

    def expectation(self) -> Expectation:
        """What must come of a cheat.

        Raises:
            ScenarioError: expect.yaml is missing or wrong.
        """
        return read_model(self.directory / "expect.yaml", Expectation)

    def changes(self) -> Changes:
        """What a solution changes, as data (changes.yaml): this is how par is made.

        Raises:
            ScenarioError: changes.yaml is missing or wrong.
        """
        return read_model(self.directory / "changes.yaml", Changes)


def find_recipes(directory: Path, kind: Literal["solution", "cheat"]) -> tuple[Recipe, ...]:
    """Every recipe under `directory`, by name.

    Raises:
        ScenarioError: one has no executable `run`.
    """
    recipes = []
    for entry in sorted(directory.iterdir()) if directory.is_dir() else ():
        if not entry.is_dir() or entry.name.startswith((".", "_")):
            continue
        recipe = Recipe(entry.name, kind, entry)
        if not os.access(recipe.run, os.X_OK):
            raise broken(recipe.run, "missing or not executable", next_step="Make it one: chmod +x run.")
        recipes.append(recipe)
    return tuple(recipes)
