"""What the daemon answered when it was asked for readings: kept, so that it can be judged what was seen."""

import json
import logging
import math
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from drillyard.drill.readings_now import ReadingsView

log = logging.getLogger(__name__)

LIMIT_BYTES = 80_000_000
"""A larger file loses its older half. A look has some 8 kB, and a run of an experiment one every two
seconds: hours of runs are kept.
"""


@dataclass(frozen=True)
class Observation:
    """Readings by name, of the time from `began` to `ended` (seconds since the epoch)."""

    began: float
    ended: float
    readings: Mapping[str, float]


class Observations:
    """Those of one drill, one line each in `directory`; for use by several threads."""

    def __init__(self, directory: Path, limit_bytes: int = LIMIT_BYTES) -> None:
        self._file = directory / "observations.jsonl"
        self._limit_bytes = limit_bytes
        self._lock = threading.Lock()

    def keep(self, view: ReadingsView) -> None:
        """Keep an answer. Whoever asked has it in any case: a full disk is noted in the log and no more."""
        finite = {each.name: each.value for each in view.readings if math.isfinite(each.value)}
        line = json.dumps(asdict(Observation(view.began, view.ended, finite)))
        try:
            with self._lock:
                self._append(f"{line}\n".encode())
                if self._file.stat().st_size > self._limit_bytes:
                    self._halve()
        except OSError as error:
            log.warning("an observation is not kept: %s", error)

    def all(self) -> list[Observation]:
        """Those that are kept, oldest first; a line that was cut short is left out."""
        with self._lock:
            try:
                raw = self._file.read_bytes()
            except FileNotFoundError:
                return []
        return list(_read(raw))

    def forget(self) -> None:
        """All of them: the drill begins anew."""
        with self._lock:
            self._file.unlink(missing_ok=True)

    def _append(self, line: bytes) -> None:
        """Write a line whole, or nothing of it; one that a crash cut short does not swallow the next."""
        descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with open(descriptor, "r+b", buffering=0) as file:
            end = file.seek(0, os.SEEK_END)
            cut = end > 0 and os.pread(descriptor, 1, end - 1) != b"\n"
            whole = b"\n" + line if cut else line
            if file.write(whole) != len(whole):
                file.truncate(end)
                raise OSError(f"no room for {len(whole)} bytes in {self._file}")

    def _halve(self) -> None:
        raw = self._file.read_bytes()
        middle = raw.find(b"\n", len(raw) // 2) + 1
        partial = self._file.with_suffix(".part")
        try:
            partial.write_bytes(raw[middle:])
            partial.chmod(0o600)
            partial.replace(self._file)
        finally:
            partial.unlink(missing_ok=True)


def _read(raw: bytes) -> Iterator[Observation]:
    for line in raw.splitlines():
        try:
            yield Observation(**json.loads(line))
        except (ValueError, TypeError):
            continue
