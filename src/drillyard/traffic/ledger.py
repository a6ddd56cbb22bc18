"""The ledger: every write that simulated customers attempted, on disk before it counts as acknowledged.

One JSON object a line, appended and synchronised (fdatasync) in batches by a thread of its own, so that a
slow disk delays the acknowledgement and not the traffic. A line that a crash tore is the last one and is
skipped.
"""

import json
import os
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from drillyard.base.errors import UserError


class WriteClass(StrEnum):
    """What is known about an attempted write."""

    ACKNOWLEDGED = "acknowledged"
    """The shop said it is done: it must never be lost."""
    REFUSED = "refused"
    """The shop said no: it must not exist."""
    INDETERMINATE = "indeterminate"
    """Nobody knows: it may exist or not, but not twice."""


@dataclass(frozen=True)
class Entry:
    """One attempted order. Times are seconds since the epoch; `sent` and `answered` are None when it never
    was.
    """

    kind: WriteClass
    key: str
    planned: float
    sent: float | None = None
    answered: float | None = None
    customer: int | None = None
    order_id: int | str | None = None
    number: str | None = None
    amount_cents: int | None = None


def read(path: Path) -> Iterator[Entry]:
    """The entries of a ledger, oldest first; a torn last line is left out. A missing file has no entries.

    Raises:
        UserError: a line that is not the last one cannot be read, so that the ledger proves nothing.
    """
    if not path.exists():
        return
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                return
            try:
                fields = json.loads(line)
                yield Entry(**{**fields, "kind": WriteClass(fields["kind"])})
            except (ValueError, TypeError, KeyError) as error:
                raise UserError(
                    "The ledger of acknowledged orders is damaged",
                    where=f"{path}:{number}",
                    next_step="Start a new run of traffic with a new ledger.",
                ) from error


class LedgerWriter:
    """Appends entries from a thread of its own.

    `append(entry, done)` returns at once; `done` is called in the writer's thread once the entry is on disk.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._mend_tail()
        self._queue: queue.SimpleQueue[tuple[Entry, Callable[[], object] | None] | None] = queue.SimpleQueue()
        self._failure: OSError | None = None
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
        self._thread.start()

    def append(self, entry: Entry, done: Callable[[], object] | None = None) -> None:
        """Queue an entry.

        Raises:
            OSError: an earlier entry could not be written; nothing is acknowledged any more.
        """
        if self._failure is not None:
            raise self._failure
        self._queue.put((entry, done))

    def close(self) -> None:
        """Write what is queued, synchronise and close.

        Raises:
            OSError: an entry could not be written.
        """
        self._queue.put(None)
        self._thread.join()
        os.close(self._file)
        if self._failure is not None:
            raise self._failure

    def _mend_tail(self) -> None:
        """Cut a line that an earlier crash tore, so that the next entry starts a line of its own."""
        size = os.fstat(self._file).st_size
        end = size
        while end > 0:
            start = max(0, end - 4096)
            newline = os.pread(self._file, end - start, start).rfind(b"\n")
            if newline >= 0:
                end = start + newline + 1
                break
            end = start
        if end != size:
            os.ftruncate(self._file, end)

    def _run(self) -> None:
        ending = False
        while not ending:
            batch = [self._queue.get()]
            while not self._queue.empty():
                batch.append(self._queue.get())
            entries = [item for item in batch if item is not None]
            ending = len(entries) < len(batch)
            try:
                self._write([entry for entry, _ in entries])
            except OSError as error:
                self._failure = error
                return
            for _, done in entries:
                if done is not None:
                    done()

    def _write(self, entries: list[Entry]) -> None:
        data = b"".join(
            json.dumps(
                {name: value for name, value in asdict(entry).items() if value is not None},
                separators=(",", ":"),
            ).encode()
            + b"\n"
            for entry in entries
        )
        while data:
            data = data[os.write(self._file, data) :]
        if entries:
            os.fdatasync(self._file)
