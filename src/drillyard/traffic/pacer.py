"""Waking up at a planned instant, to a fraction of a millisecond.

uvloop's own timers count whole milliseconds. On Linux a timerfd wakes the event loop by the kernel's high
resolution clock and costs nothing while waiting, which matters because the range under test needs the cores.
Elsewhere the last millisecond is spun through the event loop, so that answers are still read meanwhile.
"""

import asyncio
import ctypes
import os
import sys
from collections.abc import Callable
from typing import Protocol

from drillyard.base.clock import monotonic

_CLOCK_MONOTONIC = 1
_TFD_TIMER_ABSTIME = 1
_PR_SET_TIMERSLACK = 29
_SPIN_S = 0.0012


class Pacer(Protocol):
    """Calls back once at the instant it was last armed for (seconds of the monotonic clock)."""

    def arm(self, at: float) -> None:
        """Call back at `at`, at once when that is past; forgets what it was armed for before."""

    def rest(self) -> None:
        """Do not call back until armed again."""

    def close(self) -> None:
        """Never call back again."""


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Itimerspec(ctypes.Structure):
    _fields_ = (("interval", _Timespec), ("value", _Timespec))


class TimerfdPacer:
    """The kernel's clock as a file descriptor (timerfd_create(2)); re-arming makes it unreadable again."""

    def __init__(self, loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_TIMERSLACK, 1000, 0, 0, 0)
        self._fd = libc.timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._settime = libc.timerfd_settime
        self._spec = _Itimerspec()
        self._value = self._spec.value
        self._pointer = ctypes.byref(self._spec)
        self._loop = loop
        loop.add_reader(self._fd, callback)

    def arm(self, at: float) -> None:
        """See `Pacer.arm`."""
        whole = int(at)
        self._value.seconds = whole
        self._value.nanoseconds = int((at - whole) * 1e9) or 1
        self._settime(self._fd, _TFD_TIMER_ABSTIME, self._pointer, None)

    def rest(self) -> None:
        """See `Pacer.rest`: a timer that fired stays readable, and the loop busy, until it is set anew."""
        self._value.seconds = self._value.nanoseconds = 0
        self._settime(self._fd, 0, self._pointer, None)

    def close(self) -> None:
        """See `Pacer.close`."""
        self._loop.remove_reader(self._fd)
        os.close(self._fd)


class SpinPacer:
    """Sleeps to within about a millisecond of the instant and passes the rest through the event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
        self._loop = loop
        self._callback = callback
        self._at = 0.0
        self._handle: asyncio.Handle | None = None

    def arm(self, at: float) -> None:
        """See `Pacer.arm`."""
        self.close()
        self._at = at
        self._wait()

    def _wait(self) -> None:
        rest = self._at - monotonic()
        if rest > _SPIN_S:
            self._handle = self._loop.call_later(rest - _SPIN_S + 0.0002, self._wait)
        elif rest > 0:
            self._handle = self._loop.call_soon(self._wait)
        else:
            self._handle = self._loop.call_soon(self._callback)

    def rest(self) -> None:
        """See `Pacer.rest`."""
        self.close()

    def close(self) -> None:
        """See `Pacer.close`."""
        if self._handle is not None:
            self._handle.cancel()


def make_pacer(loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> Pacer:
    """The best pacer of this system."""
    return TimerfdPacer(loop, callback) if sys.platform == "linux" else SpinPacer(loop, callback)
