"""Packs: scenarios that are kept elsewhere, copied into this user's own place when they are added.

    <pack>/<slug>/scenario.yaml ...      or one scenario alone: <slug>/scenario.yaml

A pack holds code that runs as its user, so adding one shows what is in it first.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from drillyard.author.unpacking import Bounds, refused, unpack
from drillyard.base.errors import Problem, UserError
from drillyard.base.paths import packs
from drillyard.scenario.errors import ScenarioError
from drillyard.scenario.scenario import Scenario, find_scenarios

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_ENDINGS = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar", ".zip")
MOST_SCENARIOS = 100


@dataclass(frozen=True)
class Code:
    """What of a scenario runs: relative paths of its Python files and executables."""

    slug: str
    title: str
    files: tuple[str, ...]


@dataclass(frozen=True)
class Pack:
    """A pack that was looked at and not added yet; `directory` is a copy of our own."""

    name: str
    directory: Path
    code: tuple[Code, ...]
    files: int
    bytes: int


@contextmanager
def examined(source: Path, name: str = "") -> Iterator[Pack]:
    """Copy or unpack `source` to a place of our own and look at it; the copy is gone after the block.

    Raises:
        PackRefusedError: it holds what a pack may not.
        ScenarioError: a scenario of it is broken.
        UserError: there is nothing at `source`.
    """
    if not os.access(source, os.R_OK):
        raise UserError("There is no such folder or archive that can be read", where=str(source))
    called = name or _name_of(source)
    if not _NAME.fullmatch(called):
        raise UserError(f"`{called}` is no name for a pack", next_step="Say --name with a-z, 0-9 and -.")
    with tempfile.TemporaryDirectory(prefix="drillyard-pack-") as scratch:
        place = Path(scratch) / called
        place.mkdir()
        try:
            if source.is_dir():
                _copy(source, place)
            else:
                unpack(source, place)
        except OSError as error:
            raise refused(
                f"it cannot be read: {error.strerror}",
                str(error.filename or source),
                "Look at its permissions.",
            ) from error
        for run in place.rglob("run"):
            run.chmod(0o755)
        root = _root(place, source)
        try:
            pack = _look(called, root, source)
        except ScenarioError as error:
            raise ScenarioError([_in(source, root, problem) for problem in error.problems]) from error
        yield pack


def check_free(pack: Pack) -> None:
    """Whether a pack can be added.

    Raises:
        UserError: a pack of that name, or a scenario of one of its names, is there already.
    """
    if (packs() / pack.name).exists():
        raise UserError(
            f"A pack called {pack.name} was added before",
            next_step=f"`drill packs remove {pack.name}` first, or give this one another --name.",
        )
    taken = {scenario.slug for scenario in find_scenarios()}
    if clash := [code.slug for code in pack.code if code.slug in taken]:
        raise UserError(
            f"{', '.join(clash)}: there is a scenario of this name already",
            next_step="Remove the pack that it came with, or rename the directory.",
        )


def add(pack: Pack) -> list[str]:
    """Keep a copy of a pack that was looked at; the slugs of its scenarios.

    Raises:
        UserError: see `check_free`.
    """
    check_free(pack)
    home = packs() / pack.name
    home.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(pack.directory, home)
    return [code.slug for code in pack.code]


def remove(name: str) -> None:
    """Forget a pack; drills of its scenarios can be ended, and not gone on with.

    Raises:
        UserError: there is no pack of that name.
    """
    home = packs() / name
    if not _NAME.fullmatch(name) or not home.is_dir():
        known = ", ".join(kept()) or "none"
        raise UserError(f"There is no pack called {name}", next_step=f"There are: {known}.")
    shutil.rmtree(home)


def kept() -> dict[str, list[str]]:
    """The packs that were added, with the slugs of their scenarios."""
    home = packs()
    if not home.is_dir():
        return {}
    return {
        entry.name: sorted(path.parent.name for path in entry.glob("*/scenario.yaml"))
        for entry in sorted(home.iterdir())
        if entry.is_dir()
    }


def _name_of(source: Path) -> str:
    name = source.resolve().name
    ending = next((each for each in _ENDINGS if name.endswith(each)), "")
    return re.sub(r"[^a-z0-9]+", "-", name.removesuffix(ending).lower()).strip("-")


def _copy(source: Path, place: Path) -> None:
    """A folder, within the same bounds as an archive."""
    bounds = Bounds(str(source))
    for directory, folders, files in os.walk(source):
        folders[:] = [each for each in folders if each not in ("__pycache__", ".git")]
        for name in (*folders, *files):
            path = Path(directory) / name
            inside = bounds.entry(path.relative_to(source).as_posix())
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                raise refused(f"{inside} is a link or a device", str(source))
            if path.is_file():
                bounds.add(path.stat().st_size)
                (place / inside).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, place / inside)
                (place / inside).chmod(0o755 if os.access(path, os.X_OK) else 0o644)


def _root(place: Path, source: Path) -> Path:
    """Where the scenarios' directories lie: here, one folder further in, or around a single scenario."""
    for candidate in (place, *_only_folder(place)):
        if any(candidate.glob("*/scenario.yaml")):
            return candidate
    if (place / "scenario.yaml").is_file():
        alone = place.parent / "alone" / _name_of(source)
        alone.parent.mkdir()
        place.rename(alone)
        return alone.parent
    raise refused("there is no scenario.yaml in it", str(source), "A pack holds <slug>/scenario.yaml.")


def _in(source: Path, root: Path, problem: Problem) -> Problem:
    """A problem of the copy, said of what was given."""
    return replace(problem, file=problem.file.replace(str(root.resolve()), str(source)))


def _only_folder(place: Path) -> list[Path]:
    entries = list(place.iterdir())
    return entries if len(entries) == 1 and entries[0].is_dir() else []


def _look(name: str, root: Path, source: Path) -> Pack:
    directories = sorted(path.parent for path in root.glob("*/scenario.yaml"))
    if len(directories) > MOST_SCENARIOS:
        raise refused(f"it holds more than {MOST_SCENARIOS} scenarios", str(source))
    everything = [path for path in root.rglob("*") if path.is_file()]
    return Pack(
        name,
        root,
        tuple(_code(Scenario.load(directory)) for directory in directories),
        len(everything),
        sum(path.stat().st_size for path in everything),
    )


def _code(scenario: Scenario) -> Code:
    files = sorted(
        str(path.relative_to(scenario.directory))
        for path in scenario.directory.rglob("*")
        if path.is_file() and (path.suffix == ".py" or os.access(path, os.X_OK))
    )
    return Code(scenario.slug, scenario.manifest.title, tuple(files))
