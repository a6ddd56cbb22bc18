"""The ends of a drill's life that no daemon sees: its removal."""

import shutil

from drillyard.base.clock import wait_until
from drillyard.base.errors import DeadlineError, UserError
from drillyard.drill.places import Places
from drillyard.drill.presence import Presence, daemon_of

END_DEADLINE_S = 20.0


def delete(places: Places) -> None:
    """Remove a drill that was stopped, with its data and results; its workspace stays.

    Raises:
        UserError: its daemon still runs.
    """
    try:
        wait_until(
            lambda: daemon_of(places) is None, deadline_s=END_DEADLINE_S, what="the drill's daemon has ended"
        )
    except DeadlineError as error:
        raise UserError(
            "The drill still runs", where=str(places.root), next_step="Stop it first: drill stop"
        ) from error
    presence = Presence.take(places)
    if presence is None:
        raise UserError(
            "The drill was started again meanwhile", where=str(places.root), next_step="Stop it: drill stop"
        )
    places.record.unlink(missing_ok=True)  # first, so that a half removed drill is none
    presence.leave()
    shutil.rmtree(places.root)
