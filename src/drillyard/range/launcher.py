"""From a component to a process that is ready, and back: everything that goes through the nursery."""

import asyncio
import signal
from collections.abc import Callable, Iterable
from contextlib import suppress

from drillyard.base.clock import monotonic
from drillyard.base.errors import UserError
from drillyard.range import journal
from drillyard.range.addresses import taken
from drillyard.range.component import Component, Fork
from drillyard.range.ledger import Ledger
from drillyard.range.member import Member, State
from drillyard.range.nursery_client import NurseryClient, NurseryLostError

_POLL_S = 0.01
_FIRST_WAVE_S = 0.1
"""How long the import of the shop waits for native servers to be executed first."""
_PRELOAD = ("storefront.processes", "preload")
_SETTINGS = "storefront.toml"


class Launcher:
    """Starts and ends processes of members; `on_death` hears of those that died (also of those it ended)."""

    def __init__(self, ledger: Ledger, on_death: Callable[[Member, int], None]) -> None:
        self._ledger = ledger
        self._on_death = on_death
        self._nursery: NurseryClient | None = None
        self._preloaded: asyncio.Task[float] | None = None
        self._by_pid: dict[int, Member] = {}
        self._early: dict[int, int] = {}
        """Who died before its start was heard of: the news travel in one message."""
        self._retired: set[int] = set()

    @property
    def nursery_pid(self) -> int:
        """0 when nothing runs."""
        return self._nursery.pid if self._nursery else 0

    async def open(self, members: Iterable[Member]) -> asyncio.Event:
        """Start a nursery, after clearing what an earlier one left; returns what is set when it is lost.

        The import for the Python components among `members` begins once the native servers are executed.
        """
        self._nursery = NurseryClient(self._ledger, self._exited)
        self._by_pid.clear()
        self._retired.clear()
        await self._nursery.open()
        self._preloaded = asyncio.create_task(self._preload(list(members)))
        return self._nursery.lost

    async def close(self) -> None:
        """End the nursery and everything that still runs in it."""
        if self._preloaded:
            self._preloaded.cancel()
            await asyncio.gather(self._preloaded, return_exceptions=True)
        if self._nursery:
            await self._nursery.close()
        self._nursery = self._preloaded = None

    async def signal(self, member: Member, signum: signal.Signals, *, tree: bool = False) -> bool:
        """Send a signal to a member's process (with `tree` to all below it too); False when it has none."""
        if not member.pid or self._nursery is None:
            return False
        return await self._nursery.signal(member.pid, signum, tree=tree)

    async def bring_up(self, member: Member) -> None:
        """Start a process and wait until it is ready; FAILED and the reason when it does not come to that.

        Raises:
            UserError: it could not be started; says why, with the last lines of its log.
        """
        component = member.component
        member.stay_down = False
        member.become(State.STARTING)
        try:
            await asyncio.to_thread(_prepare, component)
            if self._preloaded and _is_python(component):
                await asyncio.shield(self._preloaded)
            await self._execute(member)
            await self._until_ready(member)
            await component.greet()
        except BaseException as error:
            await self.end(member)
            member.become(State.FAILED, str(error) or "interrupted")
            if isinstance(error, NurseryLostError | OSError):  # a full disk, say
                raise UserError(
                    f"{member.name} could not be started: {error}", where=str(component.site.directory)
                ) from error
            raise
        member.become(State.READY)

    async def _execute(self, member: Member) -> None:
        """Whoever interrupts this must not leave a process behind that nobody knows."""
        starting = asyncio.create_task(self._opened().start(member.component))
        try:
            await asyncio.shield(starting)
        except asyncio.CancelledError:
            self._started(member, await starting)
            raise
        self._started(member, starting.result())

    async def end(self, member: Member) -> None:
        """Ask the process to stop, kill it after its stop timeout; nothing when it has none."""
        if not member.running or self._nursery is None or self._nursery.lost.is_set():
            return
        component = member.component
        member.stay_down = True
        member.become(State.STOPPING)
        with suppress(NurseryLostError):  # then its children are gone with it
            await self.signal(member, signal.SIGCONT, tree=True)
            await self.signal(member, component.stop_signal)
            try:
                async with asyncio.timeout(component.stop_timeout_s):
                    await member.exited.wait()
            except TimeoutError:
                await self.signal(member, signal.SIGKILL, tree=True)
                await member.exited.wait()

    async def replace(self, member: Member) -> None:
        """Start a successor that takes over; the old process finishes what it serves and ends by itself.

        Raises:
            UserError: the successor did not take over; the old process goes on.
        """
        old, component = member.pid, member.component
        successor = Member(component)
        self._retired.add(old)
        self._started(successor, await self._opened().start(component, component.replacement(old)))
        deadline = monotonic() + component.ready_timeout_s
        try:
            while not await component.taken_over(successor.pid):
                if not successor.running or monotonic() > deadline:
                    raise _failed(member, "its successor did not take over")
                await asyncio.sleep(_POLL_S)
        except BaseException:
            await self.signal(successor, signal.SIGKILL)
            self._retired.discard(old)
            if not member.running:
                self._on_death(member, member.exit_status)
            raise
        self._by_pid[successor.pid] = member
        member.started(successor.pid)
        member.become(State.READY)

    def _opened(self) -> NurseryClient:
        if self._nursery is None:
            raise UserError("The range does not run", next_step="Start it: drill resume")
        return self._nursery

    async def _preload(self, members: list[Member]) -> float:
        """Native servers that wait for nothing are executed before the nursery is busy importing."""
        if not any(_is_python(member.component) for member in members):
            return 0.0
        first = [m for m in members if not m.component.requires and not _is_python(m.component)]
        with suppress(TimeoutError):  # one that still copies its data is executed when the import is done
            async with asyncio.timeout(_FIRST_WAVE_S):
                await asyncio.gather(*(m.executed.wait() for m in first))
        settings = [m.component.site.config / _SETTINGS for m in members if m.component.kind == "storefront"]
        arguments = {"settings_path": str(settings[0])} if settings else {}
        return await self._opened().preload(*_PRELOAD, arguments)

    def _started(self, member: Member, pid: int) -> None:
        self._by_pid[pid] = member
        member.started(pid)
        if pid in self._early:
            self._exited(pid, self._early.pop(pid))

    def _exited(self, pid: int, status: int) -> None:
        member = self._by_pid.pop(pid, None)
        if member is None:
            self._early[pid] = status
            return
        meant = pid in self._retired
        self._retired.discard(pid)
        if member.pid != pid:
            return  # it was replaced, and has finished
        member.ended(status)
        if not meant:
            self._on_death(member, status)

    async def _until_ready(self, member: Member) -> None:
        component = member.component
        deadline = monotonic() + component.ready_timeout_s
        ready = False
        while not ready and member.running:
            ready = await component.ready()
            if not ready and monotonic() > deadline:
                raise _failed(member, f"not ready within {component.ready_timeout_s:g} s")
            if not ready:
                await asyncio.sleep(_POLL_S)
        if not member.running:
            raise _failed(member, f"it ended by itself ({ending(member.exit_status)})")


def ending(status: int) -> str:
    """How a process ended, in words; a negative status is a signal."""
    if status < 0:
        return f"killed by {signal.Signals(-status).name}"
    return f"exit {status}"


def _prepare(component: Component) -> None:
    component.prepare()
    journal.rotate(component.site.log)
    addresses = component.site.addresses
    ports = {name: addresses.endpoint(name).port for name in component.listens}
    for name in taken(addresses, ports) if ports else ():
        raise UserError(
            f"{component.name} cannot listen: another program uses its address",
            where=str(addresses.endpoint(name)),
            next_step=f"Find it with: ss -ltnp 'sport = :{ports[name]}'",
        )


def _failed(member: Member, why: str) -> UserError:
    said = "\n".join(journal.complaints(member.component.site.log))
    return UserError(
        f"{member.name} did not start: {why}",
        where=str(member.component.site.log),
        next_step=f"It said:\n{said}" if said else "",
    )


def _is_python(component: Component) -> bool:
    """Whether it is forked after the import; a component whose program is missing is not."""
    try:
        return isinstance(component.command(), Fork)
    except UserError:
        return False
