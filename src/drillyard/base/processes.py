"""Processes by identity. A pid alone may be reused; a pid with its start time is one process for ever."""

import os
import signal
from collections.abc import Iterable
from dataclasses import dataclass

import psutil

from drillyard.base.clock import monotonic, wait_until
from drillyard.base.errors import DeadlineError


@dataclass(frozen=True)
class ProcessIdentity:
    """One process: its pid and its start time (seconds since the epoch, as psutil gives it)."""

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> "ProcessIdentity | None":
        """The identity of the process that has `pid` now, or None when there is none."""
        try:
            return cls(pid, psutil.Process(pid).create_time())
        except psutil.NoSuchProcess:
            return None

    def alive(self) -> bool:
        """Whether that very process still runs (a zombie does not)."""
        try:
            process = psutil.Process(self.pid)
            return (
                abs(process.create_time() - self.started) < 0.05 and process.status() != psutil.STATUS_ZOMBIE
            )
        except psutil.NoSuchProcess:
            return False

    def send(self, signum: signal.Signals) -> bool:
        """Send a signal to that very process; False when it is gone."""
        if not self.alive():
            return False
        try:
            os.kill(self.pid, signum)
        except ProcessLookupError:
            return False
        return True


def end_all(processes: Iterable[ProcessIdentity], *, grace_s: float) -> None:
    """End these processes: SIGTERM, then SIGKILL after `grace_s` seconds; bounded, returns when all are gone.

    Raises:
        DeadlineError: one survived SIGKILL for 5 seconds (it hangs in the kernel).
    """
    remaining = [process for process in processes if process.send(signal.SIGTERM)]
    end = monotonic() + grace_s
    try:
        wait_until(
            lambda: not any(p.alive() for p in remaining), deadline_s=max(0.0, end - monotonic()), what="TERM"
        )
    except DeadlineError:
        for process in remaining:
            process.send(signal.SIGKILL)
        wait_until(
            lambda: not any(p.alive() for p in remaining),
            deadline_s=5,
            what="processes are gone after SIGKILL",
        )
