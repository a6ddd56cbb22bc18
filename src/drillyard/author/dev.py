"""The author's loop: a warm range, one measurement, and every save judged anew by it.

Judging needs no new windows: a check is a function of a measurement. What is planted shows only after a new
start, and what is measured by new probes only after a new measurement; the loop says so.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from drillyard.assess import kept
from drillyard.assess.discovery import load_checks
from drillyard.assess.documents import with_workspace
from drillyard.assess.judge import CheckResult, TaskResult, judge_task
from drillyard.assess.measurement import Measurement
from drillyard.author.player import Player, PlayError
from drillyard.drill.places import Places
from drillyard.scenario.content import forget_modules
from drillyard.scenario.scenario import Scenario

_NAME = "dev"
_PLANTED = ("flaws.py", "workspace", "solutions")
"""What a running range has from its start."""


@dataclass
class Judged:
    """What one look gave: tasks, and what must hold all along."""

    tasks: list[TaskResult]
    invariants: list[CheckResult]


@dataclass
class Loop:
    """One drill of `directory`'s scenario in a home of its own under `scratch`."""

    directory: Path
    scratch: Path
    variant: str = "1"
    scale: float | None = None
    _seen: dict[Path, float] = field(default_factory=dict)
    _measurement: Measurement | None = None

    @property
    def player(self) -> Player:
        """Who runs the drill's commands."""
        return Player(self.scratch, _NAME)

    def start(self) -> None:
        """Start the drill.

        Raises:
            PlayError: it does not come up.
        """
        self._seen = dict(self._times())
        self.player.start(str(self.directory), self.variant, self.scale)

    def measure(self) -> None:
        """Measure anew all that the checks need.

        Raises:
            PlayError: it could not be measured.
        """
        said = self.player.judge("check").json()
        name = said.get("measurement") if isinstance(said, dict) else None
        if not isinstance(name, str):
            raise PlayError(f"no measurement was kept: {json.dumps(said)[:300]}")
        places = Places(self.scratch / "home" / "drills" / _NAME)
        self._measurement = kept.load(places.measurement(name))

    def judge(self) -> Judged:
        """Every task, by the files as they are now and the last measurement.

        Raises:
            UserError: a file of the scenario does not load, or nothing was measured yet.
        """
        if self._measurement is None:
            raise PlayError("nothing was measured yet")
        forget_modules()
        scenario = Scenario.load(self.directory)
        checks = load_checks(self.directory)
        measurement = with_workspace(self._measurement, scenario.manifest, self.player.workspace)
        judged = [
            judge_task(scenario.manifest, task, checks, measurement) for task in scenario.manifest.tasks
        ]
        return Judged([task for task, _ in judged], list(judged[0][1]))

    def changed(self) -> list[Path]:
        """Files that were saved since the last time that this was asked, relative to the scenario."""
        now = dict(self._times())
        found = [path for path in now.keys() | self._seen.keys() if now.get(path) != self._seen.get(path)]
        self._seen = now
        return sorted(path.relative_to(self.directory) for path in found)

    def end(self) -> None:
        """End the drill."""
        self.player.end()

    def _times(self) -> Iterator[tuple[Path, float]]:
        for path in self.directory.rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith("."):
                yield path, path.stat().st_mtime_ns


def planted(changed: list[Path]) -> bool:
    """Whether a running range does not have what was changed."""
    return any(path.parts[0] in _PLANTED for path in changed)
