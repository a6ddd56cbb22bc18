"""A component while it runs: its state, and what is told about it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from drillyard.base.clock import monotonic, wall
from drillyard.range.component import Component


class State(StrEnum):
    """What a component does now."""

    STOPPED = "stopped"
    WAITING = "waiting"
    """For what it requires."""
    STARTING = "starting"
    READY = "ready"
    FROZEN = "frozen"
    """Stopped by SIGSTOP: it is there and does not answer."""
    STOPPING = "stopping"
    DOWN = "down"
    """It died and will be started again shortly."""
    KEPT_DOWN = "kept down"
    """It was killed or stopped on purpose and stays so until it is started."""
    FAILED = "failed"
    """It could not be started; `reason` says why."""


class Happening(StrEnum):
    """Kinds of events of a range."""

    READY = "ready"
    DIED = "died"
    RESTARTED = "restarted"
    RELOADED = "reloaded"
    FAILED = "failed"
    NURSERY_LOST = "nursery lost"


@dataclass(frozen=True)
class RangeEvent:
    """Something that happened by itself, for the drill's timeline. `at` is seconds since the epoch."""

    what: Happening
    component: str
    detail: str = ""
    at: float = field(default_factory=wall)


OnEvent = Callable[[RangeEvent], None]
OnProgress = Callable[[str, State, float], None]
"""Told (component, new state, seconds since the operation began)."""


@dataclass
class Member:
    """One component of a running range and its process.

    `stay_down` says that the next death is meant. `executed` is set once it ran, or could not; `settled`
    while it is ready or has failed; `exited` while no process runs. `lock` serialises operations on it.
    """

    component: Component
    state: State = State.STOPPED
    pid: int = 0
    since: float = field(default_factory=wall)
    restarts: int = 0
    reason: str = ""
    stay_down: bool = False
    ready_at: float = 0.0
    executed: asyncio.Event = field(default_factory=asyncio.Event)
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    exited: asyncio.Event = field(default_factory=asyncio.Event)
    exit_status: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self.exited.set()

    @property
    def name(self) -> str:
        """The component's name."""
        return self.component.name

    @property
    def running(self) -> bool:
        """Whether it has a process."""
        return not self.exited.is_set()

    def become(self, state: State, reason: str = "") -> None:
        """Enter a state now."""
        self.state, self.reason, self.since = state, reason, wall()
        if state is State.READY:
            self.ready_at = monotonic()
        if state in (State.READY, State.FAILED):
            self.executed.set()
            self.settled.set()
        else:
            self.settled.clear()

    def started(self, pid: int) -> None:
        """A process of it runs now."""
        self.pid = pid
        self.exited.clear()
        self.executed.set()

    def ended(self, status: int) -> None:
        """Its process is gone."""
        self.pid = 0
        self.exit_status = status
        self.exited.set()
