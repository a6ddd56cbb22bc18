"""Keeps the components of one range running: start in parallel, watch, restart, stop in order.

All processes hang under one nursery. A component that dies by itself is an event and is started again, after
a pause that grows; one that was killed on purpose with `stay_down` stays down until it is started.
"""

import asyncio
import signal
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from drillyard.base.clock import monotonic
from drillyard.base.errors import NeedsOperatorError, UserError
from drillyard.range.component import Component, Reload
from drillyard.range.launcher import Launcher, ending
from drillyard.range.member import Happening, Member, OnEvent, OnProgress, RangeEvent, State
from drillyard.range.nursery_client import ledger_of

_BACKOFF_S = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0)
_WAITING_S = 0.2
"""How often a component that waits for what it requires looks for it."""
_WOKEN_S = 1.0
"""What lacks something says so at once."""
_CALM_S = 60.0
"""A component that was ready this long starts with the shortest pause again."""


class Supervisor:
    """The running part of one range.

    `directory` is the range's own (its ledger lies there); `on_event` hears of what happens by itself. The
    loop that it is used in must run in the thread that lives as long as the process (PR_SET_PDEATHSIG).
    """

    def __init__(self, directory: Path, on_event: OnEvent = lambda _event: None) -> None:
        self._launcher = Launcher(ledger_of(directory), self._died)
        self._on_event = on_event
        self._members: dict[str, Member] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._reviving: set[str] = set()

    @property
    def members(self) -> Mapping[str, Member]:
        """All components, in order of start."""
        return self._members

    @property
    def nursery_pid(self) -> int:
        """0 when nothing runs."""
        return self._launcher.nursery_pid

    def member(self, name: str) -> Member:
        """The component called `name`.

        Raises:
            UserError: there is none.
        """
        if name not in self._members:
            raise UserError(
                f"The range has no component {name!r}", next_step=f"It has: {', '.join(self._members)}."
            )
        return self._members[name]

    async def start(
        self,
        components: Sequence[Component],
        progress: OnProgress = lambda _name, _state, _seconds: None,
        *,
        tolerant: bool = False,
    ) -> None:
        """Start all, each as soon as what it requires is ready; `tolerant`: as many as can be started, while
        the others are tried again.

        Raises:
            UserError: an essential component could not be started; everything was stopped again.
        """
        self._stopping = False
        self._members = {component.name: Member(component) for component in components}
        began = monotonic()
        try:
            await self._open_nursery()
            start = partial(self._start_one, progress=progress, began=began, tolerant=tolerant)
            await _all([start(member) for member in self._members.values()])
        except BaseException:
            await self.stop()
            raise

    async def stop(self, progress: OnProgress = lambda _name, _state, _seconds: None) -> None:
        """Stop all, those first on which nothing depends; bounded by the components' stop timeouts."""
        self._stopping = True
        began = monotonic()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for wave in self._stop_order():
            await asyncio.gather(*(self._stop_one(member, progress, began) for member in wave))
        await self._launcher.close()
        for member in self._members.values():
            member.ended(0)
            member.become(State.STOPPED)

    async def kill(
        self,
        name: str,
        signum: signal.Signals = signal.SIGKILL,
        *,
        stay_down: bool = False,
        tree: bool = False,
    ) -> bool:
        """Send a signal to a component's process; False when it has none.

        With `stay_down`, a death that follows is meant: it is not started again until `restart` is called.
        """
        member = self.member(name)
        if member.running:
            member.stay_down = stay_down
        return await self._launcher.signal(member, signum, tree=tree)

    async def freeze(self, name: str) -> None:
        """Stop a component with all its processes by SIGSTOP: it is there and answers nobody."""
        if await self.kill(name, signal.SIGSTOP, tree=True):
            self.member(name).become(State.FROZEN)

    async def thaw(self, name: str) -> None:
        """Let a frozen component go on."""
        if await self.kill(name, signal.SIGCONT, tree=True):
            self.member(name).become(State.READY)

    async def restart(self, name: str) -> None:
        """Stop a component in order (if it runs), start it, and wait until it is ready.

        Raises:
            UserError: it could not be started; says why, with the last lines of its log.
        """
        member = self.member(name)
        async with member.lock:
            await self._launcher.end(member)
            await self._bring_up(member)

    async def shut(self, name: str) -> None:
        """Stop one component in order; it stays down until it is restarted."""
        member = self.member(name)
        async with member.lock:
            await self._launcher.end(member)
            member.become(State.KEPT_DOWN, "stopped on purpose")

    async def reload(self, name: str) -> None:
        """Put the configuration that lies in the component's `config` to use, in the gentlest way it knows.

        Raises:
            UserError: it did not come up with it.
        """
        member = self.member(name)
        if member.state is not State.READY:
            await self.restart(name)
            return
        component = member.component
        async with member.lock:
            match component.reload:
                case Reload.SIGNAL:
                    await self._launcher.signal(member, component.reload_signal)
                    again = await component.restart_pending()
                case Reload.LIVE:
                    again = not await component.reload_live()
                case Reload.REPLACE:
                    await self._launcher.replace(member)
                    again = False
                case Reload.RESTART:
                    again = True
        if again:
            await self.restart(name)
        else:
            self._tell(Happening.RELOADED, member)

    async def add(self, component: Component) -> None:
        """Start one more component in a running range; one that lacks what it requires comes when that does.

        Raises:
            UserError: it could not be started; the range is as it was.
        """
        member = self._members[component.name] = Member(component)
        if self._made_wait(member):
            return
        try:
            async with member.lock:
                await self._bring_up(member)
        except BaseException:
            del self._members[component.name]
            raise

    async def remove(self, name: str) -> None:
        """Stop a component and forget it."""
        await self.shut(name)
        del self._members[name]

    async def _open_nursery(self) -> None:
        lost = await self._launcher.open(self._members.values())
        self._spawn(self._watch_nursery(lost))

    async def _start_one(self, member: Member, progress: OnProgress, began: float, *, tolerant: bool) -> None:
        def tell(state: State) -> None:
            progress(member.name, state, monotonic() - began)

        tell(State.WAITING)
        await self._wait_for(member.component.requires)
        if tolerant and self._made_wait(member):
            tell(State.FAILED)
            return
        tell(State.STARTING)
        try:
            async with member.lock:
                await self._bring_up(member)
        except UserError:
            tell(State.FAILED)
            if member.component.essential and not tolerant:
                raise
            if member.component.essential:
                self._spawn(self._revive(member))
        else:
            tell(State.READY)

    async def _wait_for(self, names: Iterable[str]) -> None:
        for required in (self._members[name] for name in names if name in self._members):
            await required.settled.wait()

    async def _bring_up(self, member: Member) -> None:
        try:
            await self._launcher.bring_up(member)
        except UserError as error:
            self._tell(Happening.FAILED, member, str(error))
            raise
        self._tell(Happening.READY, member)

    async def _stop_one(self, member: Member, progress: OnProgress, began: float) -> None:
        if not member.running:
            return
        progress(member.name, State.STOPPING, monotonic() - began)
        await self._launcher.end(member)
        progress(member.name, State.STOPPED, monotonic() - began)

    def _stop_order(self) -> list[list[Member]]:
        waves: list[list[Member]] = []
        left = dict(self._members)
        while left:
            needed = {name for member in left.values() for name in member.component.requires}
            wave = [member for name, member in left.items() if name not in needed] or list(left.values())
            waves.append(wave)
            for member in wave:
                del left[member.name]
        return waves

    def _died(self, member: Member, status: int) -> None:
        if member.state not in (State.READY, State.FROZEN) or self._stopping:
            return  # whoever starts or stops it sees that it ended
        self._tell(Happening.DIED, member, ending(status))
        if member.stay_down:
            member.become(State.KEPT_DOWN, ending(status))
        else:
            member.become(State.DOWN, ending(status))
            self._spawn(self._revive(member))

    async def _revive(self, member: Member, *, at_once: bool = False) -> None:
        """Start it again and again, with growing pauses (`at_once`: but for the first time), until it is
        ready or somebody else decides.
        """
        if member.name in self._reviving:
            return
        self._reviving.add(member.name)
        try:
            await self._revive_now(member, at_once=at_once)
        finally:
            self._reviving.discard(member.name)

    async def _revive_now(self, member: Member, *, at_once: bool) -> None:
        if monotonic() - member.ready_at > _CALM_S:
            member.restarts = 0
        while self._wants_revival(member):
            if self._lacking(member):
                await asyncio.sleep(_WAITING_S)
                continue
            pause = _BACKOFF_S[min(member.restarts, len(_BACKOFF_S) - 1)]
            member.restarts += 1
            await asyncio.sleep(0.0 if at_once else pause)
            at_once = False
            async with member.lock:
                if not self._wants_revival(member):
                    return
                try:
                    await self._bring_up(member)
                except NeedsOperatorError:
                    return
                except UserError:
                    continue
            self._tell(Happening.RESTARTED, member, f"restart {member.restarts}")

    async def wake(self) -> tuple[str, ...]:
        """Try once more to start what could not be started: something was repaired. Names what is tried.

        Returns when it is known of each whether it can be tried at all: whoever lays out data next must not
        find a server that starts in the middle of it.
        """
        failed = [
            each for each in self._members.values() if each.state is State.FAILED and each.component.essential
        ]
        if tried := [self._spawn(self._revive(each, at_once=True)) for each in failed]:
            await asyncio.wait(tried, timeout=_WOKEN_S)
        return tuple(each.name for each in failed)

    def _made_wait(self, member: Member) -> bool:
        """Whether it lacks what it requires: then it is started as soon as that is there."""
        if lacking := self._lacking(member):
            member.become(State.FAILED, f"waits for {', '.join(lacking)}")
            self._spawn(self._revive(member))
        return bool(lacking)

    def _lacking(self, member: Member) -> list[str]:
        """What it requires and what does not run: without it a start would only wait."""
        required = [self._members[name] for name in member.component.requires if name in self._members]
        return [each.name for each in required if not each.running or each.state is State.FAILED]

    def _wants_revival(self, member: Member) -> bool:
        return not self._stopping and member.state in (State.DOWN, State.FAILED)

    async def _watch_nursery(self, lost: asyncio.Event) -> None:
        """When the nursery dies, everything of the range dies with it: begin again with a new one."""
        await lost.wait()
        if self._stopping:
            return
        self._on_event(RangeEvent(Happening.NURSERY_LOST, "nursery", "the whole range is started again"))
        for member in self._members.values():
            member.ended(-signal.SIGKILL)
            if member.state is not State.KEPT_DOWN:
                member.become(State.DOWN, "the nursery died")
        try:
            await self._open_nursery()
        except OSError as error:
            for member in self._members.values():
                member.become(State.FAILED, f"the nursery died and cannot be started again: {error}")
                self._tell(Happening.FAILED, member, member.reason)
            return
        for member in self._members.values():
            if member.state is State.DOWN:
                self._spawn(self._revive(member))

    def _tell(self, what: Happening, member: Member, detail: str = "") -> None:
        self._on_event(RangeEvent(what, member.name, detail))

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


async def _all(work: Iterable[Coroutine[None, None, None]]) -> None:
    """All at once; the first failure ends the others and is raised."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
