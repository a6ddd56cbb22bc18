"""Keeping the subjects that are not being measured out of the way, without stopping them.

A twin goes on with its background jobs while the learner's range is measured. Stopping it (SIGSTOP) would
make its heartbeats and time limits expire; instead its threads only get CPU time that nobody else wants:
SCHED_IDLE (sched(7)), and the lowest weight of its autogroup, where the kernel groups processes by session.
An ordinary account may not leave SCHED_IDLE again, so there only the autogroup is used. Elsewhere than on
Linux nothing happens.
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


def background(pids: Iterable[int]) -> None:
    """Give these processes and all their descendants only what is left over."""
    _change(pids, idle=True)


def foreground(pids: Iterable[int]) -> None:
    """Give them their normal share again."""
    _change(pids, idle=False)


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


def _change(pids: Iterable[int], *, idle: bool) -> None:
    if sys.platform != "linux":
        return
    may_return = _may_leave_idle()
    for pid in _with_descendants(pids):
        with suppress(OSError):
            (_PROC / str(pid) / "autogroup").write_text("19" if idle else "0")
        if not may_return:
            continue
        with suppress(OSError):
            for thread in os.listdir(_PROC / str(pid) / "task"):
                policy = os.SCHED_IDLE if idle else os.SCHED_OTHER
                with suppress(OSError):
                    os.sched_setscheduler(int(thread), policy, os.sched_param(0))


def _may_leave_idle() -> bool:
    """Whether this account may set the normal policy again (setrlimit(2), RLIMIT_NICE: 20 allows nice 0)."""
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
