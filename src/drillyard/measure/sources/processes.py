"""Processes: CPU and memory by component, from /proc.

Memory is the proportional set size (smaps_rollup): pages that forked processes share are counted once,
shared out. It is read at the end of a window only, because reading it makes the kernel walk every page
table.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping

import psutil

from drillyard.measure.reading import Combine, Unit
from drillyard.measure.site import Site, kind_of
from drillyard.measure.source import Described, Sheet, Source

_SHOP = ("storefront", "worker-")
"""Beginnings of the kinds that are the shop's own processes, which a budget counts."""


class Processes(Source):
    """Every component's first process with all its children."""

    name = "processes"
    describes = (
        Described("processes.count", Unit.COUNT, Combine.LAST),
        Described("processes.cpu", Unit.CORES),
        Described("processes.cpu.<kind>", Unit.CORES),
        Described("processes.cpu_per_request", Unit.CPU_MILLISECONDS),
        Described("processes.memory", Unit.BYTES, Combine.MAX),
        Described("processes.memory.<kind>", Unit.BYTES, Combine.MAX),
        Described("processes.restarts", Unit.COUNT, Combine.SUM),
        Described("services.down", Unit.COUNT, Combine.MAX),
        Described("services.processes", Unit.COUNT, Combine.MAX),
        Described("services.without_process", Unit.COUNT, Combine.MAX),
    )

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self._cpu_s: dict[str, float] = {}
        self._pids: dict[str, int] = {}
        self._down: list[int] = []

    async def begin(self) -> None:
        """Note who runs and what CPU time each had."""
        self._down = []
        self._pids = dict(self.site.census())
        self._cpu_s = await asyncio.to_thread(_cpu_s, self._pids)

    async def sample(self) -> None:
        """Note what should run and does not."""
        self._down.append(len(self._missing(dict(self.site.census()))))

    async def end(self, sheet: Sheet) -> None:
        """Write down CPU, memory and who is missing."""
        now = dict(self.site.census())
        cpu: defaultdict[str, float] = defaultdict(float)
        for name, seconds in (await asyncio.to_thread(_cpu_s, now)).items():
            before = self._cpu_s.get(name, 0.0) if self._pids.get(name) == now[name] else 0.0
            cpu[kind_of(name)] += max(0.0, seconds - before)
        self._write_cpu(sheet, cpu)
        self._write_memory(sheet, await asyncio.to_thread(_memory, now))
        sheet.add("processes.count", len(now), "/proc")
        restarted = [name for name, pid in now.items() if name in self._pids and self._pids[name] != pid]
        sheet.add("processes.restarts", len(restarted), "/proc")
        down = max((*self._down, len(self._missing(now))))
        sheet.add("services.down", down, "the range's own list of components")
        self._write_services(sheet, now)

    def _missing(self, now: dict[str, int]) -> set[str]:
        return {name for name in self.site.expected() if name not in now or not psutil.pid_exists(now[name])}

    def _write_cpu(self, sheet: Sheet, cpu: Mapping[str, float]) -> None:
        length = sheet.window.length_s
        if length <= 0:
            return
        for kind, seconds in cpu.items():
            sheet.add(f"processes.cpu.{kind}", seconds / length, "/proc/<pid>/stat", weight=length)
        sheet.add("processes.cpu", sum(cpu.values()) / length, "/proc/<pid>/stat", weight=length)
        if sheet.requests:
            each = sum(cpu.values()) * 1000 / sheet.requests
            sheet.add("processes.cpu_per_request", each, "/proc/<pid>/stat", weight=float(sheet.requests))

    @staticmethod
    def _write_memory(sheet: Sheet, memory: Mapping[str, int]) -> None:
        if not sum(memory.values()):
            sheet.missing("processes.memory", "the range's processes cannot be read")
            return
        for kind, size in memory.items():
            sheet.add(f"processes.memory.{kind}", size, "/proc/<pid>/smaps_rollup (Pss)")
        sheet.add("processes.memory", sum(memory.values()), "/proc/<pid>/smaps_rollup (Pss)")

    @staticmethod
    def _write_services(sheet: Sheet, now: dict[str, int]) -> None:
        shop = [name for name in now if name.startswith(_SHOP)]
        sheet.add("services.processes", len(shop), "the range's own list of components")
        kinds = {kind_of(name) for name in shop}
        absent = [kind for kind in REQUIRED_KINDS if kind not in kinds]
        sheet.add("services.without_process", len(absent), "the range's own list of components")


REQUIRED_KINDS = (
    "storefront",
    "worker-payments",
    "worker-notifications",
    "worker-inventory",
    "worker-reports",
)
"""Kinds of process that the shop cannot do without."""


class _Families:
    """Every process with its descendants, from one walk over /proc."""

    def __init__(self) -> None:
        self._children: dict[int, list[psutil.Process]] = {}
        for process in psutil.process_iter():
            try:
                self._children.setdefault(process.ppid(), []).append(process)
            except psutil.Error:
                continue

    def of(self, pid: int) -> list[psutil.Process]:
        """The process and its descendants; empty when it is gone."""
        try:
            waiting = [psutil.Process(pid)]
        except psutil.Error:
            return []
        found = []
        while waiting:
            process = waiting.pop()
            found.append(process)
            waiting += self._children.get(process.pid, [])
        return found


def _cpu_s(census: Mapping[str, int]) -> dict[str, float]:
    """CPU seconds of each component: its process, living descendants and those that it has waited for."""
    families = _Families()
    return {name: sum(map(_one_cpu_s, families.of(pid))) for name, pid in census.items()}


def _one_cpu_s(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    waited_for = getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
    return float(times.user + times.system + waited_for)


def _memory(census: Mapping[str, int]) -> dict[str, int]:
    """Bytes of each kind of component."""
    families = _Families()
    found: defaultdict[str, int] = defaultdict(int)
    for name, pid in census.items():
        found[kind_of(name)] += sum(map(_one_memory, families.of(pid)))
    return dict(found)


def _one_memory(process: psutil.Process) -> int:
    try:
        full = process.memory_full_info()
    except (psutil.Error, OSError):
        return 0
    return int(getattr(full, "pss", 0) or full.rss)
