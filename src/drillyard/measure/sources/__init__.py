"""Where readings come from: one file a source, found by folder.

A module in this folder that defines a subclass of `Source` is a source; nothing has to be registered.
"""

import importlib
import inspect
import pkgutil

from drillyard.measure.source import Source


def source_types() -> tuple[type[Source], ...]:
    """Every source, by name of its module."""
    found: list[type[Source]] = []
    for info in sorted(pkgutil.iter_modules(__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{__name__}.{info.name}")
        found += [
            thing
            for thing in vars(module).values()
            if inspect.isclass(thing)
            and issubclass(thing, Source)
            and thing is not Source
            and thing.__module__ == module.__name__
        ]
    return tuple(found)
