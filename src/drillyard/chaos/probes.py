"""Readings of the live range as probes, for steady states and to collect data.

Each looks for some seconds from when it is asked. `recovers_within` is for hypotheses with a time in them,
which the toolkit's tolerances cannot say.
"""

import time

from drillyard.base.errors import UserError
from drillyard.chaos.connection import Configuration, connected
from drillyard.drill.readings_now import ReadingsView

__all__ = [
    "orders_per_minute",
    "p95_ms",
    "queue_age_s",
    "reading",
    "readings",
    "recovers_within",
    "success_ratio",
]
_LOOK_S = 2.0
_OLDEST = "queue.oldest."


def readings(seconds: float = 5.0, configuration: Configuration = None) -> dict[str, float]:
    """All readings of docs/readings.md that a look at the range can give, by name."""
    with connected(configuration) as client:
        found = client.get("/readings", ReadingsView, seconds=seconds)
    return {each.name: each.value for each in found.readings}


def reading(name: str, seconds: float = 5.0, configuration: Configuration = None) -> float:
    """One reading, by its name in docs/readings.md.

    Raises:
        UserError: it could not be taken; says why.
    """
    with connected(configuration) as client:
        found = client.get("/readings", ReadingsView, seconds=seconds)
    for each in found.readings:
        if each.name == name:
            return each.value
    why = next((reason for prefix, reason in found.gaps.items() if name.startswith(prefix)), "")
    next_step = "Names are in docs/readings.md; customers have to come: drill traffic on"
    if name.startswith("queue.") and not why:
        queues = [each.name.removeprefix(_OLDEST) for each in found.readings if each.name.startswith(_OLDEST)]
        next_step = f"Queues that have been seen: {', '.join(queues) or 'none yet'}. {next_step}"
    raise UserError(f"There is no reading {name} now{f': {why}' if why else ''}", next_step=next_step)


def success_ratio(seconds: float = 5.0, configuration: Configuration = None) -> float:
    """Share (0 to 1) of the customers' requests that got a good answer."""
    return reading("requests.success_ratio", seconds, configuration)


def p95_ms(seconds: float = 5.0, configuration: Configuration = None) -> float:
    """95th percentile of what customers waited, in milliseconds."""
    return reading("latency.p95", seconds, configuration)


def queue_age_s(queue: str = "", seconds: float = 5.0, configuration: Configuration = None) -> float:
    """Age of the oldest job of a queue, or of all, in seconds; 0 of one that was seen before and is empty."""
    return reading(f"queue.oldest.{queue}" if queue else "queue.oldest_max", seconds, configuration)


def orders_per_minute(seconds: float = 10.0, configuration: Configuration = None) -> float:
    """Orders that the shop accepted, per minute."""
    return reading("business.orders", seconds, configuration) / seconds * 60


def recovers_within(
    seconds: float, ratio: float = 0.99, held: int = 3, configuration: Configuration = None
) -> bool:
    """Whether customers are served again within so many seconds from now: at least `ratio` of their requests,
    in `held` looks of two seconds one after the other, of which the first ends in time.
    """
    began, well = time.monotonic(), 0
    first_well = began
    while well < held:
        # Nobody has got an answer at all while everybody still waits.
        served = readings(_LOOK_S, configuration).get("requests.success_ratio", 0.0) >= ratio
        well = well + 1 if served else 0
        if well == 1:
            first_well = time.monotonic()
        if well == 0 and time.monotonic() - began > seconds:
            return False
    return first_well - began <= seconds
