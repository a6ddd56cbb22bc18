"""What a rule looks at, and what it says."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from drillyard.assess.check import Check
from drillyard.assess.discovery import load_checks, load_probes
from drillyard.assess.invariants import invariants
from drillyard.assess.readings import described
from drillyard.base.errors import Problem
from drillyard.measure.reading import Unit
from drillyard.measure.source import PER_REQUEST, Described
from drillyard.scenario.errors import broken
from drillyard.scenario.scenario import Scenario


@dataclass(frozen=True)
class Finding:
    """One thing that a rule says. A `note` is no fault: it says what is still to be done."""

    problem: Problem
    note: bool = False


@dataclass(frozen=True)
class Linted:
    """A scenario under lint; `commands` are the names of `drill`'s own commands."""

    scenario: Scenario
    commands: frozenset[str]

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        """The checks of its own.

        Raises:
            UserError: checks.py does not load.
        """
        return tuple(load_checks(self.scenario.directory))

    @cached_property
    def verdicts(self) -> frozenset[str]:
        """Ids of everything that is judged: checks and invariants."""
        return frozenset(each.id for each in (*self.checks, *invariants(self.scenario.manifest)))

    @cached_property
    def readings(self) -> tuple[Described, ...]:
        """Everything that is measured: by sources, from customers, by audits, by probes (its own too).

        Raises:
            UserError: checks.py does not load.
        """
        known = described()
        each_request = [Described(each.name + PER_REQUEST, each.unit) for each in known if each.per_request]
        own = [
            Described(f"{prefix}<rest>" if prefix.endswith(".") else prefix, Unit.COUNT)
            for probe in load_probes(self.scenario.directory)
            for prefix in probe.gives
        ]
        return (*known, *each_request, *own)

    @property
    def manifest(self) -> Path:
        """scenario.yaml."""
        return self.scenario.directory / "scenario.yaml"

    @cached_property
    def pages(self) -> tuple[Path, ...]:
        """What a learner reads before the debrief: the brief and the tasks' pages."""
        directory = self.scenario.directory
        pages = (directory / "tasks" / task.page for task in self.scenario.manifest.tasks)
        return tuple(path for path in (directory / "brief.md", *pages) if path.is_file())

    def text(self, path: Path) -> str:
        """A file as text.

        Raises:
            ScenarioError: it cannot be read, or is not UTF-8.
        """
        try:
            return path.read_bytes().decode()
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            raise broken(
                path, f"not UTF-8 at byte {error.start}", line=line, next_step="Save it so."
            ) from error
        except OSError as error:
            raise broken(path, f"cannot be read: {error.strerror}") from error

    def lines(self, path: Path) -> Iterator[tuple[int, str]]:
        """The lines of a file, numbered from 1.

        Raises:
            ScenarioError: it cannot be read, or is not UTF-8.
        """
        yield from enumerate(self.text(path).splitlines(), start=1)

    def line_of(self, path: Path, text: str) -> int:
        """The line of `path` on which `text` stands first; 0 when it does not."""
        return next((number for number, line in self.lines(path) if text in line), 0)

    def wrong(self, path: Path, line: int, message: str, next_step: str) -> Finding:
        """A fault."""
        return Finding(Problem(str(path), line, message, next_step=next_step))

    def note(self, path: Path, line: int, message: str, next_step: str = "") -> Finding:
        """Something still to be done."""
        return Finding(Problem(str(path), line, message, next_step=next_step), note=True)


def squeezed(text: str) -> str:
    """Without differences of space and case, for finding one text in another."""
    return re.sub(r"\s+", " ", text).strip().lower()
