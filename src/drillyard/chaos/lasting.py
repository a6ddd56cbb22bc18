"""How long the parts of an experiment take at least, by the times that are written in it."""

import inspect
from collections.abc import Mapping
from typing import Any

from drillyard.assess.experiments.activities import RECOVERS, Call, activities, calls
from drillyard.assess.experiments.runs import finite
from drillyard.chaos import actions, probes


def seconds_of(call: Call) -> float | None:
    """How long a fault lasts, or a probe looks; None where that is known only when it runs."""
    module = actions if call.module == "actions" else probes
    function = getattr(module, call.function, None)
    known = function if inspect.isfunction(function) else None
    parameter = inspect.signature(known).parameters.get("seconds") if known else None
    given = call.arguments.get("seconds", parameter.default if parameter else None)
    return finite(given)


def takes_after(experiment: Mapping[str, Any], fault: Call) -> float:
    """Seconds that the method goes on for, at least, after the action that puts `fault` in: its own pause,
    and the pauses and looks of what comes after it. What runs in the background is not waited for.
    """
    ours = {call.where: call for call in calls(experiment)}
    method = [(where, each) for where, each in activities(experiment) if where.startswith("method")]
    places = [where for where, _ in method]
    begin = places.index(fault.where)
    total = _pause(method[begin][1], "after")
    for where, activity in method[begin + 1 :]:
        total += _pause(activity, "before") + _pause(activity, "after")
        call = ours.get(where)
        if call and call.module == "probes" and not activity.get("background"):
            total += _looks(call)
    return total


def _looks(call: Call) -> float:
    """`recovers_within` ends as soon as it knows."""
    return 0.0 if call.function == RECOVERS else seconds_of(call) or 0.0


def _pause(activity: Mapping[str, Any], when: str) -> float:
    pauses = activity.get("pauses")
    return (finite(pauses.get(when)) or 0.0) if isinstance(pauses, Mapping) else 0.0
