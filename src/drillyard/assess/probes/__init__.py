"""Probes for every scenario, one a module. A new module here with a marked function is a new probe."""

import importlib
import pkgutil
from types import ModuleType

from drillyard.assess.probe import Probe, probe_of
from drillyard.measure.source import Described


def _modules() -> list[ModuleType]:
    return [importlib.import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__)]


def shipped_probes() -> list[Probe]:
    """All of them, by the names of their modules."""
    return [made for module in _modules() for thing in vars(module).values() if (made := probe_of(thing))]


def described() -> list[Described]:
    """What readings they give."""
    return [each for module in _modules() for each in getattr(module, "DESCRIBES", ())]
