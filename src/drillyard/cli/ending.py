"""A signal ends a command as Ctrl-C does: what it started is ended first."""

import signal
from types import FrameType


def end_in_order() -> None:
    """From now on SIGTERM and SIGHUP raise KeyboardInterrupt in the main thread."""
    for signum in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, _end)


def _end(_signum: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
