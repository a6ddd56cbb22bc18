"""What became of every request of a long run, on disk: when it was planned, how long it took, how it ended.

Background customers come for hours; their latencies are kept for a minute. How long a shop was away is known
to the request only from a record of all of them. A record is 13 bytes, so that a day of 60 requests a second
fits into 70 MB; what a crash tore is the last one and is left out. Marks between them say up to when it is
complete: a request that hangs is in nobody's figures before it ends.
"""

from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

RECORD = np.dtype([("planned", "<f8"), ("latency_ms", "<f4"), ("code", "u1")])
"""`planned` in seconds since the epoch; `code` as in `traffic.result.CODES`, 0 is good."""

FORGOTTEN = 254
"""In place of a code: served, by a shop that has lost an order of this customer: a loss and no outage."""
_MARK = 255
"""In place of a code: all requests that were planned before have ended."""


@dataclass(frozen=True)
class Outcomes:
    """Requests in the order of their planned times (seconds since the epoch), which of them were good, and
    how long each took (milliseconds from its planned time).

    Of those that were planned before `until`, none is missing.
    """

    planned: NDArray[np.float64]
    good: NDArray[np.bool_]
    latency_ms: NDArray[np.float32]
    until: float


class OutcomesWriter:
    """Appends records; what was added is in the file after the next `flush`."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab", buffering=0)
        whole = path.stat().st_size // RECORD.itemsize * RECORD.itemsize
        self._file.truncate(whole)
        self._planned: array[float] = array("d")
        self._latency_ms: array[float] = array("f")
        self._codes: array[int] = array("B")

    def add(self, planned: float, latency_ms: float, code: int) -> None:
        """One request that ended."""
        self._planned.append(planned)
        self._latency_ms.append(latency_ms)
        self._codes.append(code)

    def mark(self, until: float) -> None:
        """All requests that were planned before have ended."""
        self.add(until, 0.0, _MARK)

    def flush(self) -> None:
        """Write what was added.

        Raises:
            OSError: it cannot be written.
        """
        if not self._planned:
            return
        records = np.empty(len(self._planned), RECORD)
        records["planned"], records["latency_ms"] = self._planned, self._latency_ms
        records["code"] = self._codes
        self._file.write(records.tobytes())
        self._planned, self._latency_ms, self._codes = array("d"), array("f"), array("B")

    def close(self) -> None:
        """Write what was added and close.

        Raises:
            OSError: it cannot be written.
        """
        self.flush()
        self._file.close()


def read(path: Path, *, since: float = 0.0) -> Outcomes:
    """Requests that ended after `since` (seconds since the epoch); a missing file has none."""
    return _of(_records(path, 0), since)


class Tail:
    """What is added to a record from now on: of a day of requests only the last are read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = path.stat().st_size // RECORD.itemsize if path.exists() else 0

    def more(self) -> Outcomes:
        """Requests whose end was noted since this was asked last; a record that was begun anew has none."""
        records = _records(self._path, self._read)
        self._read += records.size
        return _of(records, 0.0)


def _records(path: Path, skipped: int) -> NDArray[Any]:
    if not path.exists() or path.stat().st_size < skipped * RECORD.itemsize:
        return np.empty(0, RECORD)
    with path.open("rb") as file:
        return np.fromfile(file, RECORD, offset=skipped * RECORD.itemsize)


def _of(records: NDArray[Any], since: float) -> Outcomes:
    marks = records["planned"][records["code"] == _MARK]
    ended = records["planned"] + records["latency_ms"] / 1000
    kept = records[(records["code"] != _MARK) & (ended >= since)]
    kept = kept[np.argsort(kept["planned"], kind="stable")]
    good = np.isin(kept["code"], (0, FORGOTTEN))
    return Outcomes(kept["planned"], good, kept["latency_ms"], float(marks[-1]) if marks.size else 0.0)
