"""Bringing a range of a drill up, from nothing or from what is on disk: the learner's, the twin's, par's.

Every step can be cut short by kill -9 and is taken up again by the next call: a range and a workspace appear
whole or not at all, and data in which planting was cut short are made anew. What a scenario plants is
imported only when it has to be planted, which is once.
"""

import asyncio
import importlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from drillyard.drill.aftermath import disaster_open
from drillyard.drill.places import Places, Record
from drillyard.drill.store import Store
from drillyard.range.member import OnEvent, State
from drillyard.range.range import Range, Settings
from drillyard.range.stand_in import put_back

if TYPE_CHECKING:
    from drillyard.drill.planting import Plan
    from drillyard.scenario.manifest import RangeDefaults

Tell = Callable[[str, float | None], None]
"""Told what is being done, and which fraction of the whole is done when that is known."""

LEARNER = "learner"
_BEGUN, _DONE = "begun", "done"


@dataclass(frozen=True)
class Maker:
    """Makes the ranges of one drill."""

    places: Places
    record: Record
    store: Store

    def directory(self, subject: str) -> Path:
        """Where the range of `learner`, `twin` or `par` lives."""
        return self.places.range if subject == LEARNER else self.places.subject(subject)

    def workspace(self, subject: str) -> Path:
        """What it is configured from."""
        if subject == LEARNER:
            return Path(self.record.workspace)
        return self.places.subject(subject).with_name(f"{subject}-workspace")

    async def bring_up(self, subject: str, on_event: OnEvent, tell: Tell) -> Range:
        """The running range of a subject.

        Raises:
            UserError: it could not be made or started; says what to do.
        """
        range_ = await self._made(subject, on_event, tell)
        planted = self.store.get(f"{subject}.planted")
        progress = _Progress(tell)
        if planted == _BEGUN:
            tell("making the data anew: planting was cut short", None)
            await self._workspace_there(subject, range_, tell)
            await range_.reset(self.workspace(subject), progress)
        else:
            await range_.start(progress, struck=subject == LEARNER and disaster_open(self.places))
        if planted != _DONE:
            try:
                await self._plant(subject, range_, tell)
            except BaseException:
                await range_.stop()
                raise
        return range_

    def begin_reset(self, subject: str) -> None:
        """From here on the start state is to come: a start after a crash goes on with it."""
        self.store.set(f"{subject}.planted", _BEGUN)

    async def reset(self, subject: str, range_: Range, tell: Tell) -> None:
        """The start state again, running: fresh data, configured from its workspace as it is now."""
        await range_.reset(self.workspace(subject), _Progress(tell))
        await self._plant(subject, range_, tell)

    async def restart(self, subject: str, range_: Range, tell: Tell) -> None:
        """Stop the range in order and start it again with its data; nothing stays that was only in memory."""
        await range_.stop()
        await range_.start(_Progress(tell))

    async def make_workspace(self, subject: str, range_: Range) -> None:
        """Make a subject's workspace in its start state; nothing may be where it goes."""
        planting = await asyncio.to_thread(importlib.import_module, "drillyard.drill.planting")
        plan = await asyncio.to_thread(planting.plan_of, self.record, subject)
        target = self.workspace(subject)
        await asyncio.to_thread(planting.make_workspace, target, range_, plan)

    def forget(self, subject: str) -> None:
        """Remove a stopped subject, so that it is made anew when it is next needed."""
        shutil.rmtree(self.directory(subject), ignore_errors=True)
        shutil.rmtree(self.workspace(subject), ignore_errors=True)
        for what in ("planted", "released"):
            self.store.set(f"{subject}.{what}", "")

    async def _made(self, subject: str, on_event: OnEvent, tell: Tell) -> Range:
        directory = self.directory(subject)
        if subject == LEARNER and await asyncio.to_thread(put_back, directory, self.places.aside):
            tell("putting the shop back: a rehearsal was cut short", None)
        if Range.exists(directory):
            range_ = Range.open(directory, on_event=on_event)
        else:
            if not directory.parent.exists():
                directory.parent.mkdir()
                directory.parent.chmod(0o755)
            settings = await self._settings(subject)
            range_ = await Range.create(
                directory, settings, on_event=on_event, say=lambda message: tell(message, None)
            )
        if self.store.get(f"{subject}.released") != _DONE:
            await self._workspace_there(subject, range_, tell)
            await asyncio.to_thread(range_.release, self.workspace(subject))
            self.store.set(f"{subject}.released", _DONE)
        return range_

    async def _workspace_there(self, subject: str, range_: Range, tell: Tell) -> None:
        """Make the workspace unless it is there: `create` saw that nothing was, so what is there is ours."""
        workspace = self.workspace(subject)
        if not (workspace.is_dir() and any(workspace.iterdir())):
            tell("making the workspace", None)
            await self.make_workspace(subject, range_)

    async def _settings(self, subject: str) -> Settings:
        """Of a new range; the learner's data decide of which those beside it are made."""
        if subject == LEARNER:
            asked = await self._asked()
            scale = asked.data_scale if self.record.scale is None else self.record.scale
            return Settings(scale=scale, sites=asked.sites, network=asked.network)
        of_learner = Range.open(self.directory(LEARNER)).settings
        return replace(of_learner, monitoring=False, sites=False)

    async def _asked(self) -> "RangeDefaults":
        """What the scenario wants of a range."""
        scenarios = await asyncio.to_thread(importlib.import_module, "drillyard.drill.content")
        asked: RangeDefaults = scenarios.scenario_of(self.record.scenario).manifest.range
        return asked

    async def _plant(self, subject: str, range_: Range, tell: Tell) -> None:
        planting = await asyncio.to_thread(importlib.import_module, "drillyard.drill.planting")
        plan: Plan = await asyncio.to_thread(planting.plan_of, self.record, subject)
        self.store.set(f"{subject}.planted", _BEGUN)
        await planting.plant(range_, plan, lambda message: tell(message, None))
        self.store.set(f"{subject}.planted", _DONE)


class _Progress:
    """Turns the states of components into a line and a fraction."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._known: dict[str, State] = {}

    def __call__(self, component: str, state: State, _seconds: float) -> None:
        self._known[component] = state
        if state in (State.READY, State.FAILED):
            ready = sum(known in (State.READY, State.FAILED) for known in self._known.values())
            self._tell(f"{component} is {state}", ready / len(self._known))
