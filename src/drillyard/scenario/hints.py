"""hints.yaml: three tiers a task, each nearer to the answer and dearer than the one before."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, RootModel, model_validator

from drillyard.scenario.yaml_file import read_model


class Hint(BaseModel):
    """One hint: `tier` from 1, `cost` in points of the score (of 100), `text` in Markdown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tier: int = Field(ge=1, le=3)
    cost: int = Field(ge=0, le=20)
    text: str = Field(min_length=1)


class Hints(RootModel[dict[str, tuple[Hint, ...]]]):
    """The hints of every task, by task id."""

    model_config = ConfigDict(frozen=True)

    @model_validator(mode="after")
    def _three_tiers(self) -> "Hints":
        for task, hints in self.root.items():
            if [hint.tier for hint in hints] != [1, 2, 3]:
                raise ValueError(f"task `{task}` needs hints of tiers 1, 2 and 3, in that order")
            if list(hints) != sorted(hints, key=lambda hint: hint.cost):
                raise ValueError(f"task `{task}`: a later tier may not cost less")
        return self

    def of(self, task_id: str) -> tuple[Hint, ...]:
        """The hints of one task in order; empty for a task without any."""
        return self.root.get(task_id, ())


def read_hints(path: Path) -> Hints:
    """Read hints.yaml.

    Raises:
        ScenarioError: with file, line and what was expected.
    """
    return read_model(path, Hints)
