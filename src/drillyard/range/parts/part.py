"""What a part is, and what each module of this package must provide."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

Progress = Callable[[str], None]
"""Told, in a few words, what is being done."""


@dataclass(frozen=True)
class Part:
    """A program that is ready to run.

    `path` is its main executable, `source` where it came from in words. `env` must be in the environment of
    everything started from it. `mounts` (where the program expects a directory: where it lies) is what a
    privately unpacked package cannot do without: hand it to `Exec.mounts`; `wrapper` does the same for a
    command that is run directly.
    """

    name: str
    path: Path
    version: str
    source: str
    env: Mapping[str, str] = field(default_factory=dict)
    mounts: Mapping[str, str] = field(default_factory=dict)
    wrapper: tuple[str, ...] = ()

    def argv(self, *arguments: str) -> tuple[str, ...]:
        """The command line of a component: the main executable with these arguments."""
        return (str(self.path), *arguments)

    def wrapped_argv(self, program: Path, *arguments: str) -> tuple[str, ...]:
        """A command line for `subprocess`: a program of this part, seeing its files where it expects them."""
        return (*self.wrapper, str(program), *arguments)

    def program(self, name: str) -> Path:
        """Another executable of the same part (`initdb`, `psql`, `pg_basebackup`, ...)."""
        return self.path.with_name(name)


@dataclass(frozen=True)
class PartStatus:
    """One line of `drill doctor`. `part` is None when it is missing; `problem` says why."""

    name: str
    title: str
    part: Part | None
    problem: str
    lost_without: str
    how_to_get: str
    essential: bool


@dataclass(frozen=True)
class Origin:
    """Where a part can be taken from now: its identity changes when the file behind it does."""

    identity: str
    take: Callable[[Path, Progress], Part]
    """Makes the part in an empty directory (or leaves it where it is) and says how to run it."""


class Recipe(ABC):
    """How to come by one part. Every module of this package but the helpers has one instance, `RECIPE`."""

    name: str
    title: str
    lost_without: str
    how_to_get: str = "drill setup"
    essential: bool = True

    @abstractmethod
    def at_hand(self) -> Origin | None:
        """An origin on this machine (a wheel, a program in PATH) that needs no network, or None."""

    def fetch(self, destination: Path, progress: Progress) -> Part:
        """Get it over the network into `destination`, an empty directory.

        Raises:
            MissingPartError: no source could be reached.
        """
        raise NotImplementedError
