"""A range: the running set of components around one drill, and all that can be done with it.

On disk a range is one directory: `range.json` (what it is), `credentials.json`, `releases/`, the ledger of
its processes, and a directory for each component. It keeps its addresses and data over stops and reboots.
"""

import asyncio
import json
import shutil
import signal
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from drillyard.base.errors import UserError
from drillyard.range import addresses as registry
from drillyard.range import journal
from drillyard.range.addresses import Addresses
from drillyard.range.apply import ApplyReport, apply
from drillyard.range.component import Component
from drillyard.range.composition import Composition
from drillyard.range.credentials import Credentials
from drillyard.range.member import OnEvent, OnProgress, RangeEvent, State
from drillyard.range.ops.host import Host
from drillyard.range.privileges import (
    check_reachable,
    keeper,
    make_own_directory,
    service_account,
    write_file,
)
from drillyard.range.releases import Release, Releases
from drillyard.range.repairs import Repairs
from drillyard.range.rolling import open_doors, rolling_restart
from drillyard.range.spec import RangeSpec
from drillyard.range.status import RangeStatus, status_of
from drillyard.range.supervisor import Supervisor
from drillyard.range.templates import copy_template, ensure_template, fresh_data
from drillyard.range.templates_build import DataSet
from drillyard.range.workspace import released_files

Say = Callable[[str], None]
"""Told, in a few words, what is being done."""


def _ignore_event(_event: RangeEvent) -> None:
    return


def _ignore_progress(_component: str, _state: State, _seconds: float) -> None:
    return


def _ignore(_message: str) -> None:
    return


@dataclass(frozen=True)
class Settings:
    """What a range is made with: the `scale` of its data and when their `newest` order was placed (see
    `DataSet`; None: fresh ones), whether it has `monitoring` (a twin: no), and whether it has
    `sites`: a second one with a standby, storage on both, a scheduler and a shell for operators. With a
    `network` components speak to each other through proxies, where faults can be put.
    """

    scale: float = 1.0
    monitoring: bool = True
    newest: int | None = None
    sites: bool = False
    network: bool = False


class Range:
    """One range. Use `create` for a new one and `open` for one that is there; neither starts anything.

    `supervisor` is its running part, for faults and for rolling changes.
    """

    def __init__(self, directory: Path, addresses: Addresses, settings: Settings, on_event: OnEvent) -> None:
        self.directory = directory
        self.addresses = addresses
        self.settings = settings
        self.account = service_account()
        self.credentials = Credentials.load(directory / "credentials.json")
        self.releases = Releases(directory)
        self.supervisor = Supervisor(directory, on_event)
        self.host = Host(directory, addresses, self.account, self) if settings.sites else None
        shell = self.host.shell if self.host else None
        self.composition = Composition(
            directory, addresses, self.account, self.credentials, self._make_data, shell, settings.network
        )
        self._held = ExitStack()
        self._applying = asyncio.Lock()

    @classmethod
    async def create(
        cls,
        directory: Path,
        settings: Settings = Settings(),
        *,
        on_event: OnEvent = _ignore_event,
        say: Say = _ignore,
    ) -> "Range":
        """Make a new range in `directory`, whose parent exists: addresses, passwords, the data's template.

        It has no configuration until a workspace is released into it.

        Raises:
            UserError: the place cannot be written or reached by the services, or a part is missing.
        """
        account = service_account()
        check_reachable(directory, account)
        make_own_directory(directory, account)
        data = await asyncio.to_thread(_data_of, settings)
        settings = replace(settings, newest=data.newest)
        await asyncio.to_thread(ensure_template, data, progress=say)
        found = registry.reserve(directory)
        Credentials.generate().save(directory / "credentials.json")
        stored = {"addresses": json.loads(found.to_json()), "settings": asdict(settings)}
        write_file(directory / "range.json", json.dumps(stored, indent=1), keeper(account))
        return cls(directory, found, settings, on_event)

    @classmethod
    def open(cls, directory: Path, *, on_event: OnEvent = _ignore_event) -> "Range":
        """The range that lives in `directory`.

        Raises:
            UserError: there is none.
        """
        try:
            stored = json.loads((directory / "range.json").read_text())
        except FileNotFoundError:
            raise UserError("There is no range here", where=str(directory)) from None
        addresses = Addresses.from_json(json.dumps(stored["addresses"]))
        return cls(directory, addresses, Settings(**stored["settings"]), on_event)

    @staticmethod
    def exists(directory: Path) -> bool:
        """Whether a range was made in `directory`, wholly."""
        return (directory / "range.json").exists()

    @property
    def running(self) -> bool:
        """Whether it was started and not stopped."""
        return self.supervisor.nursery_pid != 0

    @property
    def spec(self) -> RangeSpec:
        """The allocation in force.

        Raises:
            DrillyardError: nothing was released yet.
        """
        return self.spec_of(self.releases.current)

    def spec_of(self, release: Release) -> RangeSpec:
        """The allocation that a release means in this range."""
        return self._made_so(release.spec())

    def components(self, release: Release) -> tuple[Component, ...]:
        """What would run with this release."""
        return self.composition.components(self.spec_of(release))

    def release(self, workspace: Path) -> Release:
        """Put a workspace in force while nothing runs: in a new range, or to reset one. Files are not judged.

        Raises:
            InvalidFilesError: a file cannot be released at all.
        """
        return self.releases.first(workspace)

    async def start(self, progress: OnProgress = _ignore_progress, *, struck: bool = False) -> None:
        """Start everything with the release in force; returns when every component is ready or has failed.

        `struck` by a disaster: with the configuration and data that are left, as much as can be started.

        Raises:
            UserError: an essential component could not be started; nothing runs then.
            DrillyardError: nothing was released yet.
        """
        check_reachable(self.directory, self.account)
        self.releases.recover()
        release = self.releases.current
        components = self.components(release)
        self._held.enter_context(registry.hold(self.addresses))
        try:
            if self.host:
                await asyncio.to_thread(self.host.prepare)
                await self.host.open()
            if not struck:
                await self.reinstall()
            # Where operators have a shell, they mend what does not start.
            tolerant = struck or self.host is not None
            await self.supervisor.start(components, progress, tolerant=tolerant)
            await open_doors(self.supervisor)
        except BaseException:
            await self.stop()
            raise

    async def stop(self, progress: OnProgress = _ignore_progress) -> None:
        """Stop everything in order; bounded. Data, configuration and addresses stay.

        What operators left running goes too, last: a copy of the log is to get what a server still writes.

        Raises:
            UserError: something that they left running cannot be ended.
        """
        try:
            if self.host:
                await self.host.close()
            await self.supervisor.stop(progress)
            await asyncio.to_thread(self._clear_sockets)
            if self.host:
                await asyncio.to_thread(self.host.end_left)
        finally:
            self._held.close()

    async def pause(self) -> None:
        """Stop, to be resumed later, perhaps after a reboot."""
        await self.stop()

    async def resume(self, progress: OnProgress = _ignore_progress) -> None:
        """Go on after a pause."""
        await self.start(progress)

    async def reset(self, workspace: Path, progress: OnProgress = _ignore_progress) -> None:
        """Back to the start state: new data, empty logs, the configuration of `workspace`; then start.

        What a scenario plants in the data is planted again by the caller.

        Raises:
            UserError: as `start`.
        """
        await self.stop()
        await asyncio.to_thread(self._forget)
        self.release(workspace)
        await self.start(progress)

    async def remove(self) -> None:
        """Stop, and delete the range with its data and its reservation of addresses."""
        await self.stop()
        registry.release(self.addresses)
        await asyncio.to_thread(shutil.rmtree, self.directory)

    async def status(self) -> RangeStatus:
        """How every component is now."""
        members = list(self.supervisor.members.values())
        return await asyncio.to_thread(status_of, members, self.supervisor.nursery_pid)

    def component(self, name: str, spec: RangeSpec) -> Component:
        """The component called `name`, as it is in a range of this allocation.

        Raises:
            StopIteration: such a range has none of that name.
        """
        made = self.composition.components(self._made_so(spec))
        return next(component for component in made if component.name == name)

    async def apply(self, workspace: Path, say: Say = _ignore) -> ApplyReport:
        """Judge the workspace's changed files and put them to use, failing no customer; see `range.apply`.

        Raises:
            InvalidFilesError: a file is bad; nothing was changed.
            RolledBackError: the range did not come up with it; what ran before was put back.
        """
        async with self._applying:
            gone = ("$CONFIG",) if await self._host_lacks() else ()
            report = await apply(self, workspace, say)
            # Also when nothing changed: files that are gone from a host come back with it.
            repairs = Repairs((*await self.reinstall(), *gone), await self.supervisor.wake())
            done = repairs.told(self.supervisor.members.values())
        return replace(report, actions=(*report.actions, *done))

    async def reinstall(self) -> tuple[str, ...]:
        """Put the files of the release in force where components and operators look for them; names the
        components that had not had them.
        """
        release = self.releases.current
        lacking = await asyncio.to_thread(_install, release, self.components(release))
        await self.publish(release)
        return lacking

    async def _host_lacks(self) -> bool:
        """Whether files of the release in force are gone from where operators look for them."""
        files = released_files(self.releases.current.directory)
        return self.host is not None and await asyncio.to_thread(self.host.lacks, files)

    async def reinstall_one(self, component: str) -> None:
        """Put the released files of one component where it looks for them; an apply is waited for.

        Raises:
            UserError: there is no such component, or they cannot be written.
        """
        made = self.supervisor.member(component).component
        async with self._applying:
            await asyncio.to_thread(self.releases.current.install, made.kind, made.site)

    async def publish(self, release: Release) -> None:
        """Lay the files of a release out at the host of a range with sites, where operators read them.

        Raises:
            UserError: they cannot be written.
        """
        if self.host:
            await asyncio.to_thread(self.host.publish, released_files(release.directory))

    async def kill(
        self, component: str, signum: signal.Signals = signal.SIGKILL, *, stay_down: bool = False
    ) -> bool:
        """Send a signal to a component; see `Supervisor.kill`."""
        return await self.supervisor.kill(component, signum, stay_down=stay_down)

    async def restart(self, component: str) -> None:
        """Stop and start one component; see `Supervisor.restart`."""
        await self.supervisor.restart(component)

    async def rolling_restart(self, components: Iterable[str]) -> None:
        """Restart components one after the other, drained by the load balancer; see `range.rolling`."""
        await rolling_restart(self.supervisor, components)

    def logs(self, component: str, lines: int = 50) -> list[str]:
        """The last lines that a component wrote."""
        return journal.tail(self._log(component), lines)

    def follow(self, component: str, lines: int = 10) -> AsyncIterator[str]:
        """The last lines of a component, and then every new one; never ends by itself."""
        return journal.follow(self._log(component), lines)

    def _log(self, component: str) -> Path:
        log = self.composition.site(component).log
        if log.parent.parent != self.directory or not log.parent.is_dir():
            known = ", ".join(made.name for made in self.components(self.releases.current))
            raise UserError(f"The range has no component {component!r}", next_step=f"It has: {known}.")
        return log

    def _made_so(self, spec: RangeSpec) -> RangeSpec:
        """An allocation, with what this range was made with."""
        made = self.settings
        return replace(spec, monitoring=made.monitoring, sites=made.sites, network=made.network)

    def _make_data(self, destination: Path) -> None:
        template = ensure_template(_data_of(self.settings))
        copy_template(template, destination, self.account, self.credentials)

    def _clear_sockets(self) -> None:
        """Those that lie outside the range, because their paths would be too long in it."""
        for site in map(self.composition.site, _directories(self.directory)):
            if site.sockets != site.run:
                shutil.rmtree(site.sockets, ignore_errors=True)

    def _forget(self) -> None:
        for name in _directories(self.directory):
            shutil.rmtree(self.directory / name)


def _data_of(settings: Settings) -> DataSet:
    """Which data a range is made of."""
    if settings.newest is None:
        return fresh_data(settings.scale)
    return DataSet(settings.scale, settings.newest)


def _directories(directory: Path) -> list[str]:
    entries = directory.iterdir() if directory.is_dir() else ()
    return [entry.name for entry in entries if entry.is_dir() and not entry.is_symlink()]


def _install(release: Release, components: Iterable[Component]) -> tuple[str, ...]:
    """The names of those that had not had its files."""
    return tuple(made.name for made in components if release.install(made.kind, made.site))
