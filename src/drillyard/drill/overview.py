"""All that `drill status` shows, and how to get into everything."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

from drillyard.base.errors import InvalidFilesError, UserError
from drillyard.drill.disasters import Disasters
from drillyard.drill.engine import Engine
from drillyard.drill.faulting import on_now
from drillyard.drill.making import LEARNER
from drillyard.drill.pages import Pages
from drillyard.drill.views import AccessView, ComponentView, DrillState, ShellView, StatusView, TaskView
from drillyard.drill.wire import OperationView
from drillyard.range import parts
from drillyard.range.privileges import demoted
from drillyard.range.range import Range
from drillyard.range.workspace import changed_files
from drillyard.scenario.scenario import Scenario


class Overview:
    """The state of one drill as its learner sees it."""

    def __init__(self, engine: Engine, scenario: Scenario, pages: Pages) -> None:
        self._engine = engine
        self._scenario = scenario
        self._pages = pages

    async def status(self) -> StatusView:
        """How the drill is now."""
        engine, record, manifest = self._engine, self._engine.record, self._scenario.manifest
        components = await self._components()
        tasks = self._pages.tasks()
        state = self._state()
        unapplied = await asyncio.to_thread(self._unapplied)
        attempts = engine.store.attempts()
        attempt_state = attempts[-1].state if attempts else None
        since, damage = self._disaster()
        if state == "running" and since is not None:
            next_step = _in_disaster(since, engine.operations.current)
        elif engine.store.measurements_of_this_start() or unapplied or state != "running":
            next_step = _next_step(state, tasks, unapplied, attempt_state)
        else:
            next_step = "drill brief 1, then keep a first measurement: drill measure --label before"
        return StatusView(
            name=record.name,
            scenario=record.scenario,
            title=manifest.title,
            variant=record.variant,
            state=state,
            since=engine.since,
            workspace=record.workspace,
            url=self.url(),
            components=components,
            traffic_rate=engine.customers.rate if engine.customers else 0.0,
            customers=engine.customers.view() if engine.customers else None,
            tasks=tasks,
            hints_cost=sum(hint.cost for hint in engine.store.hints()),
            active_s=engine.store.active_s(),
            duration_s=manifest.duration * 60.0,
            operation=engine.operations.current,
            attempt_state=attempt_state,
            unapplied=unapplied,
            next_step=next_step,
            recovered=engine.recovered,
            disaster_since=since,
            faults=on_now(engine),
            warnings=damage + _warnings(components),
        )

    def url(self) -> str:
        """Where the shop is; empty before its first start."""
        directory = self._engine.maker.directory(LEARNER)
        if not Range.exists(directory):
            return ""
        return f"http://{self._opened().addresses.endpoint('http')}/"

    def access(self) -> AccessView:
        """Where everything is and how to get in.

        Raises:
            UserError: the range does not run.
        """
        range_ = self._engine.running
        at = range_.addresses.endpoint
        postgres = parts.find("postgres")
        psql = postgres.program("psql")
        return AccessView(
            shop=f"http://{at('http')}/",
            prometheus=f"http://{at('prometheus')}/",
            alertmanager=f"http://{at('alertmanager')}/",
            haproxy=f"http://{at('haproxy-stats')}/stats",
            dsn=range_.credentials.dsn("shop_admin", range_.addresses),
            psql=str(psql) if psql.exists() else None,
            psql_env=dict(postgres.env),
            valkey_host=at("valkey").host,
            valkey_port=at("valkey").port,
            workspace=self._engine.record.workspace,
        )

    def shell(self) -> ShellView:
        """How a command of the operators runs.

        Raises:
            UserError: the range does not run, or has no such shell.
        """
        host = self._engine.running.host
        if self._engine.places.aside.exists():
            raise UserError(
                "A rehearsal is under way: what you do in this shell would be gone after it",
                next_step="Watch it: drill watch",
            )
        if host is None:
            raise UserError(
                "This scenario's shop has no operators' shell",
                next_step="Its files are in the workspace; see: drill brief",
            )
        who = demoted(host.sites.account)
        return ShellView(
            environment=dict(host.shell.environment()),
            directory=str(host.sites.home),
            user=who["user"],
            group=who["group"],
        )

    def log_names(self) -> list[str]:
        """The components that have a log."""
        range_ = self._opened()
        return [made.name for made in range_.components(range_.releases.current)]

    def logs(self, component: str, *, lines: int, follow: bool) -> AsyncIterator[str]:
        """The last lines of a component's log, each with its line end, and with `follow` those that come.

        Raises:
            UserError: there is no such component.
        """
        range_ = self._opened()
        last = range_.logs(component, lines)
        return _followed(range_.follow(component, lines)) if follow else _each(last)

    def _opened(self) -> Range:
        if self._engine.range:
            return self._engine.range
        directory = self._engine.maker.directory(LEARNER)
        if not Range.exists(directory):
            raise UserError("The drill has not started yet", next_step="See how it goes: drill status")
        return Range.open(directory)

    async def _components(self) -> list[ComponentView]:
        range_ = self._engine.range
        if range_ is None:
            return []
        return [
            ComponentView(
                name=each.name,
                state=each.state.value,
                pid=each.pid or None,
                why=each.reason,
                restarts=each.restarts,
                memory=each.pss_bytes,
            )
            for each in (await range_.status()).components
        ]

    def _state(self) -> DrillState:
        if self._engine.desired != "running":
            return "paused" if self._engine.desired == "paused" else "stopped"
        if self._engine.range is not None:
            return "running"
        return "starting" if self._engine.operations.current else "down"

    def _disaster(self) -> tuple[float | None, list[str]]:
        """When the one struck that is open, and what is wrong with its record. One that is just striking is
        not told of: nobody knows yet whether it will.
        """
        try:
            current = Disasters(self._engine.places).open
        except UserError as error:
            return None, [str(error)]
        if current is None:
            return None, []
        running = self._engine.operations.current
        striking = running is not None and running.request.kind == "disaster" and not current.happened
        return (None if striking else current.struck), []

    def _unapplied(self) -> list[str]:
        range_, workspace = self._engine.range, Path(self._engine.record.workspace)
        if range_ is None or not workspace.is_dir():
            return []
        try:
            return [change.name for change in changed_files(workspace, range_.releases.current.directory)]
        except InvalidFilesError as error:
            return [problem.file for problem in error.problems]


def _warnings(components: list[ComponentView]) -> list[str]:
    return [
        f"{each.name} is {each.state}: {each.why}"
        for each in components
        if each.state in ("failed", "down", "kept down")
    ] + [
        f"{each.name} was started again {each.restarts} times: drill logs {each.name}"
        for each in components
        if each.restarts > 2
    ]


_WHEN_NOT_RUNNING: dict[DrillState, str] = {
    "paused": "drill resume",
    "stopped": "drill resume takes it up again; another: drill start SCENARIO",
    "down": "drill resume   (the last start failed: see its message)",
    "starting": "drill watch   (the range is coming up)",
}


def _next_step(
    state: DrillState, tasks: list[TaskView], unapplied: list[str], attempt_state: str | None
) -> str:
    if state in _WHEN_NOT_RUNNING:
        return _WHEN_NOT_RUNNING[state]
    if unapplied:
        names = ", ".join(unapplied[:2]) + (" ..." if len(unapplied) > 2 else "")
        return f"drill apply   ({names} changed)"
    if attempt_state == "interrupted":
        return "drill submit   (takes up the submission that was cut short)"
    left = [task for task in tasks if task.outcome != "pass" and not task.self_assessed]
    if attempt_state == "done" and left and all(task.outcome == "inconclusive" for task in left):
        return "drill submit   (not everything could be measured: leave this machine alone meanwhile)"
    if left:
        return f"drill brief {left[0].number}, then drill check {left[0].number}"
    return "drill report" if attempt_state == "done" else "drill submit"


def _in_disaster(since: float, operation: OperationView | None) -> str:
    when = time.strftime("%H:%M", time.localtime(since))
    if operation:
        return f"drill watch   (a disaster is open since {when})"
    return f"A disaster is open since {when}: drill recovered when you think it is over"


async def _each(lines: list[str]) -> AsyncIterator[str]:
    for line in lines:
        yield line + "\n"


async def _followed(lines: AsyncIterator[str]) -> AsyncIterator[str]:
    async for line in lines:
        yield line + "\n"
