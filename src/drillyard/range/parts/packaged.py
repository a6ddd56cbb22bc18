"""Parts that come as a package of the distribution or as an upstream release (Prometheus, Alertmanager)."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from drillyard.base.errors import MissingPartError
from drillyard.range.parts import debian, shelf, wheel
from drillyard.range.parts.part import Origin, Part, Progress, Recipe
from drillyard.range.parts.upstream import Release

SHARED = Path("/usr/share/prometheus")
"""Where Debian's programs look for templates and pages, whatever directory they were unpacked to."""


@dataclass(frozen=True)
class Package:
    """How the same program is called in the distribution and upstream."""

    debian: str
    debian_program: str
    release: Release
    program: str


class PackagedRecipe(Recipe):
    """From PATH, else from the distribution, else from upstream."""

    package: Package
    programs: tuple[str, ...]
    oldest: tuple[int, ...]
    essential = False
    how_to_get = "drill setup (needs the network once), or install it so that it is in PATH"

    def at_hand(self) -> Origin | None:
        """PATH only: everything else needs the network."""
        return wheel.in_path(self.name, self.programs, self.oldest, "--version")

    def fetch(self, destination: Path, progress: Progress) -> Part:
        """The distribution's package, else the upstream release."""
        try:
            return self._from_debian(destination, progress)
        except MissingPartError as refused:
            try:
                return self._from_upstream(destination, progress)
            except MissingPartError as error:
                raise MissingPartError(
                    f"{self.title} could not be fetched. {refused.what}; {error.what}",
                    where="; ".join(filter(None, (refused.where, error.where))),
                    next_step="Check the network and run `drill setup` again, or install it in PATH.",
                ) from error

    def _from_debian(self, destination: Path, progress: Progress) -> Part:
        if not debian.available():
            raise MissingPartError("This system has no apt-get")
        debian.unpack(self.package.debian, destination, progress)
        path = destination / "usr" / "bin" / self.package.debian_program
        mounts = {str(SHARED): str(destination / SHARED.relative_to("/"))}
        return self._part(path, f"package {self.package.debian}, unpacked privately", mounts)

    def _from_upstream(self, destination: Path, progress: Progress) -> Part:
        self.package.release.unpack(destination, progress)
        return self._part(destination / self.package.program, "upstream release", {})

    def _part(self, path: Path, source: str, mounts: Mapping[str, str]) -> Part:
        number = wheel.ask_version((str(path), "--version"))
        if not number:
            raise MissingPartError(f"{self.title} does not run on this machine", where=source)
        return Part(self.name, path, number, source, mounts=mounts, wrapper=_wrapper(mounts))


def _wrapper(mounts: Mapping[str, str]) -> tuple[str, ...]:
    """The same view of the file system by bubblewrap, for commands that are run directly."""
    entry = shelf.look("bubblewrap")
    if not mounts or entry is None:
        return ()
    words = [str(entry.part.path), "--dev-bind", "/", "/"]
    for target, source in mounts.items():
        words += ["--tmpfs", str(Path(target).parent), "--ro-bind", source, target]
    libraries = [f"LD_LIBRARY_PATH={value}" for value in entry.part.env.values()]
    return ("/usr/bin/env", *libraries, *words, "--unsetenv", "LD_LIBRARY_PATH", "--die-with-parent")
