"""A scenario: one directory of content, read and checked as a whole."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from drillyard.base.errors import UserError
from drillyard.base.paths import scenario_roots
from drillyard.scenario.changes import Changes
from drillyard.scenario.content import load_module
from drillyard.scenario.errors import broken
from drillyard.scenario.figures import drawn, filled
from drillyard.scenario.flaw import Flaw
from drillyard.scenario.hints import Hint, Hints, read_hints
from drillyard.scenario.manifest import Manifest, Task, read_manifest
from drillyard.scenario.recipe import Recipe, find_recipes
from drillyard.scenario.variant import Variant, choose


@dataclass(frozen=True)
class Scenario:
    """One scenario. `slug` is the name of its directory."""

    slug: str
    directory: Path
    manifest: Manifest

    @classmethod
    def load(cls, directory: Path) -> "Scenario":
        """Read the scenario in `directory`.

        Raises:
            ScenarioError: a file is missing or wrong, with file and line.
        """
        directory = directory.resolve()
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", directory.name):
            raise broken(directory, "a scenario's directory has a name of a-z, 0-9 and -")
        manifest = read_manifest(directory / "scenario.yaml")
        scenario = cls(directory.name, directory, manifest)
        for task in manifest.tasks:
            if not scenario._page_path(task).is_file():
                raise broken(
                    directory / "scenario.yaml", f"task `{task.id}`: the page {task.page} is missing"
                )
        if manifest.par and not (directory / "solutions" / manifest.par / "changes.yaml").is_file():
            raise broken(
                directory / "scenario.yaml",
                f"par: solutions/{manifest.par}/changes.yaml is missing",
                next_step="Par is made from that file.",
            )
        return scenario

    def task(self, task_id: str) -> Task:
        """The task with that id, or with that number counted from 1.

        Raises:
            UserError: there is none.
        """
        if task := self.manifest.task(task_id):
            return task
        known = ", ".join(f"{number} {task.id}" for number, task in enumerate(self.manifest.tasks, start=1))
        raise UserError(f"{self.slug} has no task `{task_id}`", next_step=f"Its tasks are: {known}.")

    def page(self, task_id: str, variant: str = "none") -> str:
        """The task's page, Markdown, with the figures of the variant."""
        return filled(self._page_path(self.task(task_id)).read_text(), self.figures(variant))

    def brief(self, variant: str = "none") -> str:
        """What is the matter and what is asked, Markdown; shown at the start; with the variant's figures."""
        return filled(self._text("brief.md"), self.figures(variant))

    def figures(self, variant: str) -> dict[str, float]:
        """The numbers that the brief of a variant states, by name."""
        return drawn(self.slug, variant, self.manifest.variants.figures)

    def debrief(self) -> str:
        """Shown after submission, Markdown."""
        return self._text("debrief.md")

    @cached_property
    def hints(self) -> Hints:
        """All hints, by task."""
        return read_hints(self.directory / "hints.yaml")

    def hints_for(self, task_id: str) -> tuple[Hint, ...]:
        """The hints of one task, in order of tier."""
        return self.hints.of(self.task(task_id).id)

    @cached_property
    def flaws(self) -> tuple[Flaw, ...]:
        """Every flaw of flaws.py, in the order of the file."""
        module = load_module(self.directory / "flaws.py")
        return tuple(value for value in vars(module).values() if isinstance(value, Flaw))

    def variant(self, name: str | int) -> Variant:
        """The variant of that seed, or for authors `only:ID,ID` or `none`.

        Raises:
            UserError: no such variant.
        """
        return choose(self.slug, str(name), self.flaws, self.manifest.variants)

    def par(self) -> Changes:
        """What the reference solution changes, on top of any variant.

        Raises:
            ScenarioError: it has none, or its changes.yaml is wrong.
        """
        if not self.manifest.par:
            raise broken(
                self.directory / "scenario.yaml",
                "no solution is named as par",
                next_step="Write one under solutions/, with changes.yaml, and name it in `par`.",
            )
        return Recipe(
            self.manifest.par, "solution", self.directory / "solutions" / self.manifest.par
        ).changes()

    def solutions(self) -> tuple[Recipe, ...]:
        """The ways that must pass."""
        return find_recipes(self.directory / "solutions", "solution")

    def cheats(self) -> tuple[Recipe, ...]:
        """The ways that must fail."""
        return find_recipes(self.directory / "cheats", "cheat")

    @property
    def workspace(self) -> Path | None:
        """Files laid over the default workspace, or None when the scenario has none."""
        overlay = self.directory / "workspace"
        return overlay if overlay.is_dir() else None

    @property
    def checks_file(self) -> Path:
        """checks.py, which the room `assess` loads."""
        return self.directory / "checks.py"

    def _page_path(self, task: Task) -> Path:
        return self.directory / "tasks" / task.page

    def _text(self, name: str) -> str:
        path = self.directory / name
        if not path.is_file():
            raise broken(path, "the file is missing")
        return path.read_text()


def find_scenarios(root: Path | None = None) -> list[Scenario]:
    """Every scenario that ships or came with a pack, by slug; `root` is one directory of scenarios instead.

    Raises:
        ScenarioError: one of them is broken.
    """
    found = [
        Scenario.load(entry)
        for directory in ([root] if root else scenario_roots())
        if directory.is_dir()
        for entry in directory.iterdir()
        if (entry / "scenario.yaml").is_file()
    ]
    return sorted(found, key=lambda scenario: scenario.slug)


def find_scenario(slug: str, root: Path | None = None) -> Scenario:
    """The scenario called `slug`, or the one in the directory `slug` (written with a `/`).

    Raises:
        UserError: there is none of that name.
        ScenarioError: it is broken.
    """
    candidates = (
        [Path(slug)] if "/" in slug else [each / slug for each in ([root] if root else scenario_roots())]
    )
    for directory in candidates:
        if (directory / "scenario.yaml").is_file():
            return Scenario.load(directory)
    if "/" in slug:
        raise UserError("there is no scenario here", where=slug, next_step="It needs a scenario.yaml.")
    known = ", ".join(scenario.slug for scenario in find_scenarios(root)) or "none"
    raise UserError(f"there is no scenario called `{slug}`", next_step=f"There are: {known}.")
