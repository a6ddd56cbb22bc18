"""The programs that a range is made of: found, unpacked or fetched, one module a part.

Every module here with a `RECIPE` is a part; adding one touches no other file. `find` is what components call,
`doctor` and `setup` are what the command line shows.
"""

import importlib
import pkgutil
from functools import cache as once
from pathlib import Path

from drillyard.base.errors import MissingPartError, UserError
from drillyard.range.parts import shelf
from drillyard.range.parts.part import Origin, Part, PartStatus, Progress, Recipe

__all__ = ["Part", "PartStatus", "doctor", "find", "setup"]

_FIRST = ("postgres", "valkey", "haproxy", "bubblewrap", "prometheus")
"""Shown first, and fetched first because later ones build on them; any other part follows by name."""


@once
def _recipes() -> dict[str, Recipe]:
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    found = {module.RECIPE.name: module.RECIPE for module in modules if hasattr(module, "RECIPE")}
    order = [*_FIRST, *sorted(found)]
    return {name: found[name] for name in sorted(found, key=order.index)}


def find(name: str) -> Part:
    """The part called `name`, unpacked first when that needs no network.

    Raises:
        MissingPartError: it is not on this machine.
        KeyError: there is no such part.
    """
    recipe = _recipes()[name]
    entry = shelf.look(name)
    origin = recipe.at_hand() if entry is None or _has_source(entry) else None
    if entry and (origin is None or origin.identity == entry.identity):
        return entry.part
    if origin is None:
        raise MissingPartError(
            f"{recipe.title} is not installed",
            where=f"looked in PATH, in the installed wheels and in {shelf.place(name)}",
            next_step=f"Get it with: {recipe.how_to_get}.",
        )
    return _shelve(recipe, origin, lambda _message: None)


def doctor() -> list[PartStatus]:
    """Every part: where it is or why it is not, and what is lost without it. Fetches nothing."""
    return [_status(recipe) for recipe in _recipes().values()]


def setup(progress: Progress) -> list[PartStatus]:
    """Unpack and fetch everything that is missing; what cannot be had is said in the status, not raised."""
    return [_provide(recipe, progress) for recipe in _recipes().values()]


def _provide(recipe: Recipe, progress: Progress) -> PartStatus:
    status = _status(recipe)
    if status.part:
        return status
    try:
        with shelf.locked(recipe.name):
            entry = shelf.look(recipe.name)  # another set-up may have been faster
            if entry is None:
                shelf.put(recipe.name, "fetched", lambda place: recipe.fetch(place, progress))
    except UserError as error:
        return _line(recipe, None, str(error))
    return _status(recipe)


def _status(recipe: Recipe) -> PartStatus:
    try:
        return _line(recipe, find(recipe.name), "")
    except UserError as error:
        return _line(recipe, None, str(error))


def _line(recipe: Recipe, part: Part | None, problem: str) -> PartStatus:
    return PartStatus(
        name=recipe.name,
        title=recipe.title,
        part=part,
        problem=problem,
        lost_without=recipe.lost_without,
        how_to_get=recipe.how_to_get,
        essential=recipe.essential,
    )


def _has_source(entry: shelf.Entry) -> bool:
    """Whether the file it was made from may have changed; looking for that file costs milliseconds."""
    source = Path(entry.identity.rsplit(":", 2)[0])
    return entry.identity != "fetched" and not _unchanged(source, entry.identity)


def _unchanged(source: Path, identity: str) -> bool:
    try:
        status = source.stat()
    except OSError:
        return False
    return identity == f"{source}:{status.st_size}:{status.st_mtime_ns}"


def _shelve(recipe: Recipe, origin: Origin, progress: Progress) -> Part:
    with shelf.locked(recipe.name):
        entry = shelf.look(recipe.name)
        if entry and entry.identity == origin.identity:
            return entry.part
        return shelf.put(recipe.name, origin.identity, lambda place: origin.take(place, progress))
