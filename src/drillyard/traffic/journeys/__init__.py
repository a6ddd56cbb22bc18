"""What customers do, one kind of visit a module. A new module here with a `JOURNEY` is a new journey."""

import importlib
import pkgutil

from drillyard.traffic.steps import Journey

DEFAULT_MIX = {"browse": 55.0, "search": 25.0, "buy": 8.0, "history": 10.0, "admin": 2.0}
"""Journeys in a hundred, when a plan does not say otherwise."""


def journeys() -> dict[str, Journey]:
    """All journeys by name."""
    modules = (importlib.import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__))
    found: list[Journey] = [module.JOURNEY for module in modules]
    return {journey.name: journey for journey in found}
