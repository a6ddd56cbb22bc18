"""The ends of a drill's life that no daemon sees: its removal."""

import shutil
import time

from drillyard.base.clock import monotonic
from drillyard.base.errors import UserError
from drillyard.drill.places import Places
from drillyard.drill.presence import Presence

END_DEADLINE_S = 20.0


def delete(places: Places) -> None:
    """Remove a drill that was stopped, with its data and results; its workspace stays.

    Raises:
        UserError: its daemon still runs.
    """
    presence = _take_over(places)
    places.record.unlink(missing_ok=True)  # first, so that a half removed drill is none
    presence.leave()
    shutil.rmtree(places.root)


def _take_over(places: Places) -> Presence:
    """Hold the drill's lock, as soon as its daemon has let go of it.

    Raises:
        UserError: it does not.
    """
    end = monotonic() + END_DEADLINE_S
    while (presence := Presence.take(places)) is None:
        if monotonic() > end:
            raise UserError(
                "The drill still runs", where=str(places.root), next_step="Stop it first: drill stop"
            )
        time.sleep(0.02)
    return presence
