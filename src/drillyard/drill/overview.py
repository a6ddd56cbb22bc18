"""All that `drill status` shows, put together."""

import asyncio
from pathlib import Path

from drillyard.base.clock import wall
from drillyard.base.errors import InvalidFilesError
from drillyard.drill.engine import Engine
from drillyard.drill.pages import Pages
from drillyard.drill.views import AccessView, ComponentView, DrillState, StatusView, TaskView
from drillyard.range import parts
from drillyard.range.credentials import DATABASE
from drillyard.range.status import ComponentStatus
from drillyard.scenario.scenario import Scenario


class Overview:
    """The state of one drill as its learner sees it."""

    def __init__(self, engine: Engine, scenario: Scenario, pages: Pages) -> None:
        self._engine = engine
        self._scenario = scenario
        self._pages = pages

    async def status(self) -> StatusView:
        """How the drill is now."""
        engine, record = self._engine, self._engine.record
        components, warnings = await self._components()
        tasks = self._pages.tasks()
        state = self._state()
        unapplied = await asyncio.to_thread(self._unapplied)
        attempts = engine.store.attempts()
        return StatusView(
            name=record.name,
            scenario=record.scenario,
            title=self._scenario.manifest.title,
            variant=record.variant,
            state=state,
            since=engine.since,
            workspace=record.workspace,
            url=self.url(),
            components=components,
            traffic_rate=engine.customers_rate(),
            customers=engine.customers_view(),
            tasks=tasks,
            hints_cost=sum(hint.cost for hint in engine.store.hints()),
            active_s=engine.store.active_s(),
            duration_s=self._scenario.manifest.duration * 60.0,
            operation=engine.operations.current,
            attempt_state=attempts[-1].state if attempts else None,
            unapplied=unapplied,
            next_step=_next_step(state, tasks, unapplied, attempts[-1].state if attempts else None),
            recovered=engine.recovered,
            warnings=warnings,
        )

    def url(self) -> str:
        """Where the shop is; empty before its first start."""
        addresses = self._engine.addresses
        return f"http://{addresses.endpoint('http')}/" if addresses else ""
