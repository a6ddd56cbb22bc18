"""How far an experiment has come: its parts with their activities, told by the toolkit as they happen."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from chaoslib.run import RunEventHandler

from drillyard.assess.experiments.activities import HYPOTHESIS
from drillyard.base.clock import wall
from drillyard.chaos.journals import Journal
from drillyard.chaos.outcome import said_by, tolerance

Say = Callable[[str], None]


class Part(StrEnum):
    """Parts of a run, in their order."""

    BEFORE = "hypothesis before"
    DURING = "hypothesis during the method"
    METHOD = "method"
    AFTER = "hypothesis after"
    ROLLBACKS = "rollbacks"


@dataclass
class Step:
    """An activity that was begun; `said` is what it gave, once it has ended (seconds since the epoch)."""

    name: str
    began: float
    ended: float | None = None
    failed: bool = False
    said: str = ""


@dataclass
class Progress:
    """One part; `held` says of a hypothesis whether it did, once that is known."""

    part: Part
    steps: list[Step] = field(default_factory=list)
    held: bool | None = None


class Steps(RunEventHandler):  # type: ignore[misc]  # the toolkit has no types
    """What the toolkit tells of a run, kept as `parts`, and said line by line.

    `journal` is the toolkit's own, from its beginning: it is there also when the run is torn down.
    """

    def __init__(self, say: Say = lambda _line: None) -> None:
        self.parts: list[Progress] = []
        self.journal: Journal | None = None
        self._say = say
        self._lock = threading.Lock()
        self._of_hypothesis: list[Any] = []

    def started(self, experiment: Mapping[str, Any], journal: Journal) -> None:
        """The run begins."""
        self.journal = journal
        self._of_hypothesis = list((experiment.get(HYPOTHESIS) or {}).get("probes") or ())

    def start_hypothesis_before(self, experiment: object) -> None:
        """The hypothesis is asked before anything is done."""
        self._begin(Part.BEFORE)

    def hypothesis_before_completed(self, experiment: object, state: Any, journal: object) -> None:
        """It holds, or the run is over."""
        self._judged(Part.BEFORE, state)

    def start_method(self, experiment: object) -> None:
        """The method begins."""
        self._begin(Part.METHOD)

    def start_hypothesis_after(self, experiment: object) -> None:
        """The hypothesis is asked again."""
        self._begin(Part.AFTER)

    def hypothesis_after_completed(self, experiment: object, state: Any, journal: object) -> None:
        """It holds, or the run has deviated."""
        self._judged(Part.AFTER, state)

    def start_continuous_hypothesis(self, frequency: object) -> None:
        """The hypothesis is asked over and over, beside the method."""
        self._begin(Part.DURING)

    def continuous_hypothesis_iteration(self, iteration_index: int, state: Any) -> None:
        """Said when it changes only: there are many."""
        before = self._of(Part.DURING).held
        if state and state["steady_state_met"] is not before:
            self._judged(Part.DURING, state)

    def start_rollbacks(self, experiment: object) -> None:
        """The rollbacks begin."""
        self._begin(Part.ROLLBACKS)

    def start_activity(self, activity: Mapping[str, Any]) -> None:
        """An activity begins; the same probe of a continuous hypothesis is one step."""
        progress = self._where(activity)
        step = Step(str(activity["name"]), wall())
        with self._lock:
            if progress.part is Part.DURING:
                progress.steps = [each for each in progress.steps if each.name != step.name]
            progress.steps.append(step)

    def activity_completed(self, activity: Mapping[str, Any], run: Mapping[str, Any]) -> None:
        """An activity has ended, or was interrupted."""
        progress = self._where(activity)
        with self._lock:
            step = next(
                each
                for each in reversed(progress.steps)
                if each.name == activity["name"] and each.ended is None
            )
            step.said, step.failed = said_by(run), run.get("status") != "succeeded"
            step.ended = wall()
        if progress.part is not Part.DURING:
            mark = "failed: " if run.get("status") == "failed" else ""
            self._say(f"  {step.name}: {mark}{step.said} ({step.ended - step.began:.1f} s)")

    def signal_exit(self) -> None:
        """Ctrl-C, or a signal that ends the run."""
        self._say("interrupted")

    def interrupted(self, experiment: object, journal: object) -> None:
        """A control, or SIGTERM, ended the run."""
        self._say("interrupted")

    def _begin(self, part: Part) -> None:
        with self._lock:
            self.parts.append(Progress(part))
        self._say(part.value)

    def _judged(self, part: Part, state: Mapping[str, Any] | None) -> None:
        if state is None:
            return
        held = bool(state["steady_state_met"])
        self._of(part).held = held
        if held:
            self._say(f"  {part.value}: it holds")
        elif state["probes"]:
            run = state["probes"][-1]
            asked = tolerance(run["activity"].get("tolerance"))
            self._say(f"  {part.value}: it does not hold: {said_by(run)}, asked for {asked}")

    def _of(self, part: Part) -> Progress:
        return next(each for each in reversed(self.parts) if each.part is part)

    def _where(self, activity: Mapping[str, Any]) -> Progress:
        """The part that an activity belongs to: the newest, but for a hypothesis that is asked beside it."""
        with self._lock:
            parts = list(self.parts)
        during = next((each for each in parts if each.part is Part.DURING), None)
        newest = next((each for each in reversed(parts) if each is not during), during)
        if during is None or newest is None or newest.part in (Part.AFTER, Part.ROLLBACKS):
            return newest or parts[-1]
        return during if any(activity is each for each in self._of_hypothesis) else newest
