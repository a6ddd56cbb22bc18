"""The machine: could it be measured on at all? From /proc/stat and /proc/pressure/cpu (proc(5), PSI).

Elsewhere than on Linux only the idle share is known, through psutil.
"""

import os
from pathlib import Path

import psutil

from drillyard.measure.reading import Unit
from drillyard.measure.site import Site
from drillyard.measure.source import Described, Sheet, Source

_PRESSURE = Path("/proc/pressure/cpu")


class Machine(Source):
    """CPU time of the whole machine, by who had it."""

    name = "machine"
    describes = (
        Described("machine.idle", Unit.RATIO),
        Described("machine.steal", Unit.RATIO),
        Described("machine.busy", Unit.CORES),
        Described("machine.pressure", Unit.RATIO),
    )

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self._before: tuple[float, float, float] = (0.0, 0.0, 0.0)
        self._pressure_s = 0.0

    async def begin(self) -> None:
        """Read the counters."""
        self._before, self._pressure_s = _times(), _pressure_s()

    async def end(self, sheet: Sheet) -> None:
        """Read the counters again and write down their shares."""
        total, idle, steal = (now - then for now, then in zip(_times(), self._before, strict=True))
        if total <= 0:
            return
        sheet.add("machine.idle", idle / total, "/proc/stat", weight=total)
        sheet.add("machine.steal", steal / total, "/proc/stat", weight=total)
        sheet.add("machine.busy", (total - idle) / total * (os.cpu_count() or 1), "/proc/stat", weight=total)
        pressed_s = _pressure_s()
        if pressed_s and sheet.window.length_s > 0:
            share = (pressed_s - self._pressure_s) / sheet.window.length_s
            sheet.add("machine.pressure", min(share, 1.0), "/proc/pressure/cpu", weight=total)


def _times() -> tuple[float, float, float]:
    """CPU seconds of all cores together since the start: total, idle, stolen. Guests are in user already."""
    times = psutil.cpu_times()
    fields = {name: value for name, value in times._asdict().items() if not name.startswith("guest")}
    return sum(fields.values()), fields["idle"] + fields.get("iowait", 0.0), fields.get("steal", 0.0)


def _pressure_s() -> float:
    """Seconds in which some process waited for a CPU, since the start."""
    try:
        line = _PRESSURE.read_text().splitlines()[0]
    except (OSError, IndexError):
        return 0.0
    return float(line.rpartition("total=")[2]) / 1e6
