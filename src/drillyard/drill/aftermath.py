"""Whether a disaster is open: it struck, and the learner has not said yet that the shop is whole again.

Imports little: every start asks.
"""

from pathlib import Path

from drillyard.base.errors import UserError
from drillyard.drill.places import Places

OPEN = "open.json"


def disasters_of(places: Places) -> Path:
    """Where what happened to a drill's shop is kept."""
    return places.private / "disasters"


def disaster_open(places: Places) -> bool:
    """Whether one is open."""
    return (disasters_of(places) / OPEN).exists()


def require_no_disaster(places: Places) -> None:
    """Nothing is measured or restarted in the middle of one.

    Raises:
        UserError: one is open.
    """
    if disaster_open(places):
        raise UserError(
            "A disaster is not over: nothing can be measured",
            next_step="When the shop is whole again: drill recovered",
        )
