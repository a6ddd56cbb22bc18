"""Keeping the subjects that are not being measured out of the way, without stopping them.

A twin goes on with its background jobs while the learner's range is measured. Stopping it (SIGSTOP) would
make its heartbeats and time limits expire, and so would giving it only idle time (SCHED_IDLE) on a busy
machine. Instead its processes get a small share: a high nice value, both of their threads and of their
autogroup, where the kernel groups processes by session (sched(7)). An ordinary account may not take a
thread's nice value back, so there only the autogroup is used. Elsewhere than on Linux nothing happens.
"""

import os
import resource
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil

_PROC = Path("/proc")
FAVOURED_NICE = -10
BACKGROUND_NICE = 15
"""About a thirtieth of the share of an ordinary process (kernel/sched/core.c, sched_prio_to_weight)."""


def background(pids: Iterable[int]) -> None:
    """Give these processes and all their descendants a small share."""
    _set_nice(pids, BACKGROUND_NICE)


def foreground(pids: Iterable[int]) -> None:
    """Give them their normal share again."""
    _set_nice(pids, 0)


def favour(pid: int) -> None:
    """Let this process (and its session) run as soon as it wants to, where this account may (CAP_SYS_NICE).

    For the traffic's process: it needs little CPU time, and needs it at once.
    """
    if sys.platform != "linux":
        return
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, FAVOURED_NICE)
    with suppress(OSError):
        (_PROC / str(pid) / "autogroup").write_text(str(FAVOURED_NICE))


def _set_nice(pids: Iterable[int], nice: int) -> None:
    if sys.platform != "linux":
        return
    may_return = _may_return()
    for pid in _with_descendants(pids):
        with suppress(OSError):
            (_PROC / str(pid) / "autogroup").write_text(str(nice))
        if not may_return:
            continue
        with suppress(OSError):
            for thread in os.listdir(_PROC / str(pid) / "task"):
                with suppress(OSError):
                    os.setpriority(os.PRIO_PROCESS, int(thread), nice)


def _may_return() -> bool:
    """Whether this account may set nice 0 again (setrlimit(2), RLIMIT_NICE: 20 allows it)."""
    return os.geteuid() == 0 or resource.getrlimit(resource.RLIMIT_NICE)[0] >= 20


def _with_descendants(pids: Iterable[int]) -> set[int]:
    children: dict[int, list[int]] = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            children.setdefault(process.ppid(), []).append(process.pid)
    found: set[int] = set()
    waiting = list(pids)
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.add(pid)
            waiting += children.get(pid, [])
    return found
