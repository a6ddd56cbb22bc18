"""From an experiment to a drill's daemon."""

import os
from collections.abc import Mapping
from typing import Any

from drillyard.drill.client import Client
from drillyard.drill.places import choose

Configuration = Mapping[str, Any] | None
"""An experiment's configuration, as the toolkit hands it to an activity."""


def connected(configuration: Configuration) -> Client:
    """The daemon of the drill that the configuration (`drill`) or the variable `DRILL` names, or of the one.

    Raises:
        UserError: there is none, or several and none is named.
    """
    named = (configuration or {}).get("drill") or os.environ.get("DRILL") or None
    return Client(choose(named), "chaos")
