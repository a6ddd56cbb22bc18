"""Every kind of fault, found by folder: a class in a module of `families/` is one."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from functools import cache

from pydantic import JsonValue, ValidationError

from drillyard.base.errors import UserError
from drillyard.faults import families
from drillyard.faults.fault import Fault


@cache
def kinds() -> dict[str, type[Fault]]:
    """All kinds, by id, in alphabetical order."""
    found: dict[str, type[Fault]] = {}
    for info in pkgutil.iter_modules(families.__path__):
        module = importlib.import_module(f"{families.__name__}.{info.name}")
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if issubclass(kind, Fault) and kind.__module__ == module.__name__ and "id" in vars(kind):
                found[kind.id] = kind
    return dict(sorted(found.items()))


def family_of(kind: str) -> str:
    """`network` of `network.delay`."""
    return kind.partition(".")[0]


def function_of(kind: str) -> str:
    """What the action of a fault is called in Chaos Toolkit's format: `network_delay` of `network.delay`."""
    return kind.replace(".", "_").replace("-", "_")


def fault_of(kind: str, parameters: dict[str, JsonValue]) -> Fault:
    """A fault by its id and parameters.

    Raises:
        UserError: there is no such kind, or a parameter is missing, unknown or out of its bounds.
    """
    known = kinds()
    if kind not in known:
        near = [each for each in known if family_of(each) == family_of(kind)] or list(known)
        raise UserError(f"There is no fault `{kind}`", next_step=f"There are: {', '.join(near)}.")
    try:
        return known[kind].model_validate(parameters)
    except ValidationError as error:
        raise UserError(
            f"The fault `{kind}` cannot be this: {next(refused(error))[1]}",
            where=", ".join(f"{name}={value}" for name, value in parameters.items()),
            next_step=f"Its parameters, with bounds: drill fault list {kind}",
        ) from error


def refused(error: ValidationError) -> Iterator[tuple[str, str]]:
    """What is wrong with a fault's parameters: the name of each (none where it is several together), and how
    one says it.
    """
    for each in error.errors():
        place = ".".join(map(str, each["loc"]))
        said = each["msg"].removeprefix("Value error, ")
        yield str(each["loc"][0]) if each["loc"] else "", f"{place}: {said}" if place else said
