"""Every kind of disaster, one a module. A new module here with a `DISASTER` is a new kind."""

import importlib
import pkgutil

from drillyard.base.errors import UserError
from drillyard.faults.disaster import Disaster


def disasters() -> dict[str, Disaster]:
    """All kinds, by id, in alphabetical order."""
    found: dict[str, Disaster] = {}
    for info in pkgutil.iter_modules(__path__):
        kind: Disaster = importlib.import_module(f"{__name__}.{info.name}").DISASTER
        found[kind.id] = kind
    return dict(sorted(found.items()))


def disaster(kind: str) -> Disaster:
    """One kind.

    Raises:
        UserError: there is none of that name.
    """
    known = disasters()
    if kind not in known:
        raise UserError(f"There is no disaster `{kind}`", next_step=f"There are: {', '.join(known)}.")
    return known[kind]
