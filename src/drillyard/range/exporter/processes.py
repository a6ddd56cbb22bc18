"""Figures of the range's own processes, named as process-exporter names them; one group is one component.

Everything comes from /proc (proc(5)); elsewhere than on Linux there are no such figures. What the kernel does
not let this account read of a process is left out for that process.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from drillyard.range.exporter.census import children
from drillyard.range.exporter.exposition import Family

_PROC = Path("/proc")
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_STATES = {"R": "Running", "S": "Sleeping", "D": "Waiting", "Z": "Zombie", "T": "Other", "I": "Other"}

SHARES_EVERY_S = 30.0

Census = Callable[[], Sequence[tuple[str, int]]]
"""Component names with the pid of their first process; a name may come twice while one replaces another."""


@dataclass(frozen=True)
class Stat:
    """What /proc/PID/stat says. Times in seconds, sizes in bytes."""

    pid: int
    parent: int
    state: str
    user_s: float
    system_s: float
    threads: int
    start_s: float
    """Since the machine started."""
    virtual_bytes: int
    resident_bytes: int
    minor_faults: int
    major_faults: int

    @classmethod
    def parse(cls, text: str) -> "Stat":
        """From the one line of the file; the name in it may contain spaces and brackets."""
        pid, rest = text.split(" ", 1)
        fields = rest[rest.rindex(")") + 2 :].split()
        return cls(
            pid=int(pid),
            state=fields[0],
            parent=int(fields[1]),
            minor_faults=int(fields[7]),
            major_faults=int(fields[9]),
            user_s=int(fields[11]) * _TICK_S,
            system_s=int(fields[12]) * _TICK_S,
            threads=int(fields[17]),
            start_s=int(fields[19]) * _TICK_S,
            virtual_bytes=int(fields[20]),
            resident_bytes=int(fields[21]) * _PAGE_BYTES,
        )


@dataclass
class _Families:
    """The families of process-exporter, filled group by group."""

    processes: Family = field(
        default_factory=lambda: Family("namedprocess_namegroup_num_procs", "gauge", "Processes in the group")
    )
    threads: Family = field(
        default_factory=lambda: Family("namedprocess_namegroup_num_threads", "gauge", "Threads in the group")
    )
    cpu: Family = field(
        default_factory=lambda: Family(
            "namedprocess_namegroup_cpu_seconds_total", "counter", "CPU time in seconds, by mode"
        )
    )
    memory: Family = field(
        default_factory=lambda: Family(
            "namedprocess_namegroup_memory_bytes",
            "gauge",
            "Memory in bytes; proportionalResident shares common pages out",
        )
    )
    files: Family = field(
        default_factory=lambda: Family(
            "namedprocess_namegroup_open_filedesc", "gauge", "Open file descriptors"
        )
    )
    read: Family = field(
        default_factory=lambda: Family(
            "namedprocess_namegroup_read_bytes_total", "counter", "Bytes read from storage"
        )
    )
    written: Family = field(
        default_factory=lambda: Family(
            "namedprocess_namegroup_write_bytes_total", "counter", "Bytes written to storage"
        )
    )
    faults_minor: Family = field(
        default_factory=lambda: Family(
            "namedprocess_namegroup_minor_page_faults_total", "counter", "Page faults without storage"
        )
    )
    faults_major: Family = field(
        default_factory=lambda: Family(
            "namedprocess_namegroup_major_page_faults_total", "counter", "Page faults that read storage"
        )
    )
    states: Family = field(
        default_factory=lambda: Family("namedprocess_namegroup_states", "gauge", "Processes by state")
    )
    oldest: Family = field(
        default_factory=lambda: Family(
            "namedprocess_namegroup_oldest_start_time_seconds",
            "gauge",
            "Start of the oldest, seconds since the epoch",
        )
    )


class ProcessFigures:
    """Groups every process of the range under its component.

    CPU, faults and bytes of processes that ended (a PostgreSQL backend) stay in the group's sums, as long as
    the exporter saw them, so that counters do not go back.
    """

    def __init__(self, census: Census) -> None:
        self._census = census
        self._ended: dict[str, dict[str, float]] = {}
        self._seen: dict[str, dict[tuple[int, float], dict[str, float]]] = {}
        self._counted: dict[str, tuple[float, dict[str, float]]] = {}

    def collect(self) -> Iterator[Family]:
        """All families; nothing where there is no /proc."""
        families = _Families()
        for group, members in _groups(self._census()).items():
            self._add(families, group, members)
        yield from vars(families).values()

    def _add(self, families: _Families, group: str, members: list[Stat]) -> None:
        label = {"groupname": group}
        totals = self._totals(group, members)
        families.processes.add(len(members), **label)
        families.threads.add(sum(stat.threads for stat in members), **label)
        families.cpu.add(totals["user"], **label, mode="user")
        families.cpu.add(totals["system"], **label, mode="system")
        families.faults_minor.add(totals["minor"], **label)
        families.faults_major.add(totals["major"], **label)
        families.read.add(totals["read"], **label)
        families.written.add(totals["written"], **label)
        for kind, size in {**_memory(members), **self._shares(group, members)}.items():
            families.memory.add(size, **label, memtype=kind)
        families.files.add(sum(_descriptors(stat.pid) for stat in members), **label)
        if members:
            families.oldest.add(_boot_time() + min(stat.start_s for stat in members), **label)
        for state in ("Running", "Sleeping", "Waiting", "Zombie", "Other"):
            count = sum(_STATES.get(stat.state, "Other") == state for stat in members)
            families.states.add(count, **label, state=state)

    def _shares(self, group: str, members: list[Stat]) -> dict[str, float]:
        """Proportional sizes, at most SHARES_EVERY_S old: for these the kernel walks every page."""
        counted_at, sizes = self._counted.get(group, (-SHARES_EVERY_S, {}))
        if monotonic() - counted_at >= SHARES_EVERY_S:
            sizes = _count_shares(members)
            self._counted[group] = (monotonic(), sizes)
        return sizes

    def _totals(self, group: str, members: list[Stat]) -> dict[str, float]:
        now = {(stat.pid, stat.start_s): _counters(stat) for stat in members}
        ended = self._ended.setdefault(
            group, dict.fromkeys(("user", "system", "minor", "major", "read", "written"), 0.0)
        )
        for identity, counters in self._seen.get(group, {}).items():
            if identity not in now:
                for name, value in counters.items():
                    ended[name] += value
        self._seen[group] = now
        return {name: base + sum(each[name] for each in now.values()) for name, base in ended.items()}


def _groups(census: Sequence[tuple[str, int]]) -> dict[str, list[Stat]]:
    groups: dict[str, list[Stat]] = {}
    for name, first in census:
        members = groups.setdefault(name, [])
        waiting = [first]
        while waiting:
            pid = waiting.pop()
            if text := _read(_PROC / str(pid) / "stat"):
                members.append(Stat.parse(text))
                waiting.extend(children(pid))
    return groups


def _counters(stat: Stat) -> dict[str, float]:
    io = _colon_lines(_read(_PROC / str(stat.pid) / "io"))
    return {
        "user": stat.user_s,
        "system": stat.system_s,
        "minor": stat.minor_faults,
        "major": stat.major_faults,
        "read": io.get("read_bytes", 0),
        "written": io.get("write_bytes", 0),
    }


def _memory(members: list[Stat]) -> dict[str, float]:
    return {
        "resident": float(sum(stat.resident_bytes for stat in members)),
        "virtual": float(sum(stat.virtual_bytes for stat in members)),
    }


def _count_shares(members: list[Stat]) -> dict[str, float]:
    sizes: dict[str, float] = {}
    for stat in members:
        rollup = _colon_lines(_read(_PROC / str(stat.pid) / "smaps_rollup"))
        for kind, key in (
            ("proportionalResident", "Pss"),
            ("proportionalSwapped", "SwapPss"),
            ("swapped", "Swap"),
        ):
            if key in rollup:
                sizes[kind] = sizes.get(kind, 0.0) + rollup[key] * 1024
    return sizes


def _descriptors(pid: int) -> int:
    try:
        return len(os.listdir(_PROC / str(pid) / "fd"))
    except OSError:
        return 0


def _boot_time() -> float:
    for line in _read(_PROC / "stat").splitlines():
        if line.startswith("btime "):
            return float(line.split()[1])
    return 0.0


def _colon_lines(text: str) -> dict[str, int]:
    pairs = (line.split(":", 1) for line in text.splitlines() if ":" in line)
    return {
        name.strip(): int(value.split()[0])
        for name, value in pairs
        if value.split() and value.split()[0].isdigit()
    }


def _read(path: Path) -> str:
    """The file, or nothing when the process ended or the kernel does not let this account read it."""
    try:
        return path.read_text()
    except OSError:
        return ""
