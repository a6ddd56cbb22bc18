"""The contract of a component: one kind of process in a range.

A component knows its files, its command and how to ask whether it is ready; it starts nothing itself. The
supervisor does, through the nursery. One conformance suite (`tests/integration/range/test_conformance.py`)
holds every component to this contract.
"""

import hashlib
import signal
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from drillyard.base.errors import Problem
from drillyard.range.addresses import Addresses, Endpoint
from drillyard.range.privileges import Account, make_directory, make_own_directory
from drillyard.range.wiring import seen_from, wired


@dataclass(frozen=True)
class Exec:
    """A native program to execute. `env` is the whole environment: nothing is inherited.

    `mounts` (where the program expects a directory: where it lies) are what only this process sees; they are
    made in the process itself, so that it keeps its pid (Linux).
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path = Path("/")
    mounts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Fork:
    """A Python process forked from the nursery after its one import: `module.function(**kwargs)`."""

    module: str
    function: str
    kwargs: Mapping[str, object] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path = Path("/")


Command = Exec | Fork

_LONGEST_SOCKET_DIRECTORY = 80
"""Bytes. The kernel allows a socket 107 (unix(7)); servers bind under a longer temporary name first, for
which HAProxy keeps 10. The rest is for the name of the socket, at most 16."""


class Reload(StrEnum):
    """How a changed configuration is put to use."""

    SIGNAL = "signal"
    """`reload_signal` is sent; the process takes the new files while it serves."""
    LIVE = "live"
    """The process is told over its own protocol (Valkey); `reload_live` does it."""
    REPLACE = "replace"
    """A new process takes over the listening sockets from the old one (HAProxy)."""
    RESTART = "restart"
    """Stopped and started; the supervisor does it one replica at a time."""


@dataclass(frozen=True)
class Site:
    """Where one component of one range lives.

    `directory` and the released configuration in `config` belong to whoever runs the range, and `account` may
    read them; `data` (what must survive a restart) and `run` (sockets, pid files) belong to `account`. So a
    service can change neither its own configuration nor where its output goes.
    """

    directory: Path
    addresses: Addresses
    account: Account
    network: bool = False
    """Whether its connections lead through the range's network."""

    def released(self, text: str) -> str:
        """A released file as this component gets it."""
        return wired(text, self.directory.name, self.addresses) if self.network else text

    def reach(self, client: str) -> Endpoint:
        """Where `client` reaches this component."""
        name = self.directory.name
        return seen_from(client, name, self.addresses) if self.network else self.addresses.endpoint(name)

    @property
    def config(self) -> Path:
        """Released configuration files."""
        return self.directory / "config"

    @property
    def data(self) -> Path:
        """What must survive a restart."""
        return self.directory / "data"

    @property
    def run(self) -> Path:
        """Sockets and pid files."""
        return self.directory / "run"

    @property
    def log(self) -> Path:
        """Standard output and standard error of the process."""
        return self.directory / "output.log"

    @property
    def sockets(self) -> Path:
        """Where Unix sockets lie: in `run`, or in a shorter place when their paths would be too long."""
        if len(bytes(self.run)) <= _LONGEST_SOCKET_DIRECTORY:
            return self.run
        digest = hashlib.sha256(bytes(self.directory)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"drillyard-{digest}"

    def socket(self, name: str) -> Path:
        """Where the Unix socket `name` lies; the place does not depend on the name."""
        return self.sockets / name


class Component(ABC):
    """One process of a range.

    `name` is unique in the range and is also its endpoint name in `Addresses` where it listens;
    `kind` is the same for replicas; `requires` names components that must be ready before this one starts.
    """

    name: str
    kind: str
    requires: tuple[str, ...] = ()
    stop_signal: signal.Signals = signal.SIGTERM
    stop_timeout_s: float = 5.0
    ready_timeout_s: float = 20.0
    reload: Reload = Reload.RESTART
    reload_signal: signal.Signals = signal.SIGHUP
    endpoints: tuple[str, ...] = ()
    """Endpoint names on which it listens; the supervisor says in plain words when one is taken."""
    essential: bool = True
    """A range without it does not serve; False for what a range starts without and says is missing."""

    def __init__(self, name: str, site: Site) -> None:
        self.name = name
        self.site = site

    @property
    def listens(self) -> tuple[str, ...]:
        """Names of the endpoints it listens on: `endpoints`, or the one that is called like it."""
        return self.endpoints or ((self.name,) if self.name in self.site.addresses.ports else ())

    def prepare(self) -> None:
        """Make directories and files that the start needs. Runs at every start: must be idempotent.

        Extend it, and call this first: it makes the directories of the site with their owners.

        Raises:
            UserError: a directory is read-only or full, or the configuration is missing.
            MissingPartError: the program is not installed.
        """
        for directory in (self.site.directory, self.site.config):
            make_own_directory(directory, self.site.account)
        for directory in (self.site.data, self.site.run, self.site.sockets):
            make_directory(directory, self.site.account, mode=0o700)

    @abstractmethod
    def command(self) -> Command:
        """What to run now, with the configuration that lies in `site.config`."""

    @abstractmethod
    async def ready(self) -> bool:
        """Ask the process by a real request whether it serves; False means not yet. Bounded to a second."""

    async def greet(self) -> None:
        """Tell the process, as soon as it is ready, what it does not do by itself; mostly nothing.

        Bounded to a second, never raises.
        """
        return

    def replacement(self, old_pid: int) -> Command:
        """For `Reload.REPLACE`: what to run so that it takes over from the process `old_pid` and ends it."""
        raise NotImplementedError(f"{self.kind} is not replaced while it runs (it was {old_pid})")

    async def taken_over(self, pid: int) -> bool:
        """For `Reload.REPLACE`: whether the new process `pid` is the one that serves now."""
        raise NotImplementedError(f"{self.kind} is not replaced while it runs (by {pid})")

    async def reload_live(self) -> bool:
        """For `Reload.LIVE`: tell the running process what changed; False when that takes a restart."""
        raise NotImplementedError(f"{self.kind} is not told over its own protocol")

    async def restart_pending(self) -> bool:
        """After a reload: whether a part of the new configuration waits for a restart."""
        return False

    @abstractmethod
    def validate(self, files: Mapping[str, Path]) -> Sequence[Problem]:
        """Judge candidate configuration files with the tool that owns them; empty when they are good.

        `files` maps names relative to `site.config` to the candidates. Nothing running is touched. Blocking
        (the caller runs it in a thread), at most about 2 seconds.
        """
