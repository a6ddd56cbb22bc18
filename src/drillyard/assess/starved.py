"""When a machine had no time for what was to be measured on it."""

import os
from collections.abc import Iterator, Mapping

MAX_STEAL = 0.15
"""Share of CPU time that the hypervisor may keep before seconds prove nothing."""
MAX_OTHERS = 0.8
"""Share of all cores that programs outside the measured range and its traffic may use before seconds prove
nothing.

One neighbour that burns one of two cores is half of them; beyond this, hardly a moment is left without a
queue.
"""


def starved(values: Mapping[str, float], traffic_cores: float = 0.0) -> Iterator[str]:
    """Why a window's readings, by name, are those of a starved machine; nothing where they are not.

    `traffic_cores` is what its own customers used. Where it is not known, they count among the others.
    """
    steal = values.get("machine.steal", 0.0)
    if steal > MAX_STEAL:
        yield f"the machine was starved: its host kept {steal:.0%} of the CPU time"
    busy, own = values.get("machine.busy"), values.get("processes.cpu")
    if busy is not None and own is not None:
        cores = os.cpu_count() or 1
        others = busy - own - traffic_cores
        if others > MAX_OTHERS * cores:
            yield f"the machine was starved: other programs used {others:.1f} of its {cores} cores"
