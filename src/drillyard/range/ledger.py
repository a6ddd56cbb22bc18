"""The pid ledger of one range: what the nursery started, so that the next start can clear what is left.

One JSON line a process, written before the process may do anything. A pid is never trusted alone: with it
stands the process' start time, which on Linux is exact (clock ticks since boot, and the boot's id).
What such a process started in its turn, and what operators start, carries the range's mark in its
environment; what has shed it is known by where it is.
Standard library only: the nursery imports this before it serves.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

if sys.platform != "linux":
    import psutil

_GONE_WITHIN_S = 5.0
_MARK = "DRILLYARD_RANGE_LEDGER"
_ENDING = (signal.SIGHUP, signal.SIGTERM)
"""An interactive shell heeds only the first, and gives its terminal back."""


@dataclass(frozen=True)
class Entry:
    """One process that was started: `started` identifies it together with the pid."""

    name: str
    pid: int
    started: str

    def alive(self) -> bool:
        """Whether that very process still runs (a zombie does not)."""
        return started(self.pid) == self.started


def started(pid: int) -> str:
    """What tells the process that has `pid` now from all others that had it; empty when there is none."""
    if sys.platform != "linux":
        try:
            return f"{psutil.Process(pid).create_time():.2f}"
        except psutil.NoSuchProcess:
            return ""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return "" if fields[0] in "ZX" else f"{_boot_id()}:{fields[19]}"


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


class Ledger:
    """The file. Appended to by the nursery, cleared by whoever starts the range next."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def mark(self) -> dict[str, str]:
        """Belongs in the environment of every process of the range, and so of what they start."""
        return {_MARK: str(self.path)}

    def append(self, name: str, pid: int) -> None:
        """Record a process; on disk when this returns."""
        line = json.dumps(asdict(Entry(name, pid, started(pid)))) + "\n"
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)

    def entries(self) -> Iterator[Entry]:
        """What was recorded; a line that was cut short by a crash belongs to a process that never ran."""
        try:
            lines = self.path.read_text().splitlines()
        except FileNotFoundError:
            return
        for line in lines:
            try:
                yield Entry(**json.loads(line))
            except (ValueError, TypeError):
                continue

    def clear(self) -> list[Entry]:
        """End everything of this range that still runs; returns what was found alive.

        Without a ledger nothing was left: the nursery that wrote it has ended everything and is gone.

        Raises:
            TimeoutError: a process survived SIGKILL for 5 seconds.
        """
        if not self.path.exists():
            return []
        found = self.sweep()
        self.path.unlink(missing_ok=True)  # a nursery that was just ending took it away as it went
        return found

    def sweep(self, *, grace_s: float = 0.0) -> list[Entry]:
        """End everything of this range that still runs, also what its ledger does not have.

        Within `grace_s` each may end in its own way: it is hung up and terminated, as when a host goes down.

        Raises:
            TimeoutError: a process survived SIGKILL for 5 seconds.
        """
        graceful_until = time.monotonic() + grace_s
        found: dict[int, Entry] = {}
        while left := [entry for entry in self.entries() if entry.alive()] + list(self._strays()):
            now = time.monotonic()
            if now > graceful_until + _GONE_WITHIN_S:
                raise TimeoutError(f"processes of an earlier run cannot be ended: {left}")
            for entry in left:
                if now >= graceful_until:
                    _signal(entry, signal.SIGKILL)
                elif found.get(entry.pid) != entry:
                    _signal(entry, *_ENDING)
            found.update((entry.pid, entry) for entry in left)
            time.sleep(0.005)
        return list(found.values())

    def _strays(self) -> Iterator[Entry]:
        """Processes with our mark; PostgreSQL's, which overwrite their environment, by their directory; and
        whatever the service account (where that is another) has in our directory, or has open of it.
        """
        mark = f"{_MARK}={self.path}".encode()
        service = self._service()
        for folder in Path("/proc").glob("[0-9]*") if sys.platform == "linux" else ():
            pid = int(folder.name)
            try:
                ours = mark in (folder / "environ").read_bytes().split(b"\0")
                if not ours and self._here(folder / "cwd"):
                    ours = (folder / "exe").readlink().name == "postgres"
                if not ours and service and _uids(folder) == service:
                    ours = any(map(self._here, (folder / "cwd", *(folder / "fd").iterdir())))
            except OSError:
                continue  # it is gone, or somebody else's
            if ours and pid != os.getpid() and (since := started(pid)):
                yield Entry("stray", pid, since)

    def _service(self) -> set[bytes]:
        """The user id of the service account, by whom the data belong to; empty where that is us."""
        owners = {data.stat().st_uid for data in self.path.parent.glob("*/data")} - {os.geteuid()}
        return {str(owner).encode() for owner in owners} if os.geteuid() == 0 and len(owners) == 1 else set()

    def _here(self, link: Path) -> bool:
        """Whether one of a process's links (its directory, a file that it has open) leads to this range."""
        try:
            return link.readlink().is_relative_to(self.path.parent)
        except OSError:
            return False


def _uids(process: Path) -> set[bytes]:
    """The user ids of a process (its directory in /proc): real, effective, saved, of the file system.

    Raises:
        OSError: it is gone.
    """
    lines = (process / "status").read_bytes().splitlines()
    return next((set(line.split()[1:]) for line in lines if line.startswith(b"Uid:")), set())


def _signal(entry: Entry, *signums: signal.Signals) -> None:
    """To the process and, where it leads one, its group."""
    try:
        for signum in signums:
            if os.getpgid(entry.pid) == entry.pid:
                os.killpg(entry.pid, signum)
            else:
                os.kill(entry.pid, signum)
    except ProcessLookupError:
        return
