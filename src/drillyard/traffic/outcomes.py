"""What became of every request of a long run, on disk: when it was planned, how long it took, how it ended.

Background customers come for hours; their latencies are kept for a minute. How long a shop was away is known
to the request only from a record of all of them. A line is 13 bytes, so that a day of 60 requests a second
fits into 70 MB; what a crash tore is the last one and is left out.
"""

from array import array
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RECORD = np.dtype([("planned", "<f8"), ("latency_ms", "<f4"), ("code", "u1")])
"""`planned` in seconds since the epoch; `code` as in `traffic.result.CODES`, 0 is good."""

Outcomes = NDArray[np.void]
"""Records of `RECORD`, in the order of their planned times."""


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
    """All records of requests that ended after `since` (seconds since the epoch); none of a missing file."""
    if not path.exists():
        return np.empty(0, RECORD)
    with path.open("rb") as file:
        records = np.fromfile(file, RECORD)
    ended = records["planned"] + records["latency_ms"] / 1000
    kept: Outcomes = records[ended >= since]
    return kept[np.argsort(kept["planned"], kind="stable")]
