"""The nursery's side of one child: fork, become what was asked for, run.

Between fork and exec the child gives up, in this order: the nursery's files and signals, its mounts (if
asked), its account, and the right to outlive the nursery. It waits until it stands in the ledger before it
does anything that could outlast a crash.
"""

import gc
import importlib
import os
import random
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn

from drillyard.range import nursery_kernel as kernel

_UMASK = 0o027
_CANNOT_RUN = 126


@dataclass(frozen=True)
class Order:
    """What to start, as it came over the wire. With `argv` a program, with `module` a Python function."""

    name: str
    log: str
    uid: int
    gid: int
    env: dict[str, str]
    cwd: str = "/"
    argv: list[str] = field(default_factory=list)
    mounts: dict[str, str] = field(default_factory=dict)
    module: str = ""
    function: str = ""
    kwargs: dict[str, Any] = field(default_factory=dict)
    stop_signal: int = signal.SIGTERM


class StartError(Exception):
    """The child could not become what was asked for."""


def start(order: Order, record: Callable[[int], None]) -> int:
    """Fork and start; returns the pid. `record` is called with it before the child goes on.

    Raises:
        StartError: no such program or function, no permission, no such directory.
    """
    run = _function(order) if order.module else None
    go_read, go_write = os.pipe()
    said_read, said_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(go_write)
        os.close(said_read)
        _child(order, run, go_read, said_write)
    os.close(go_read)
    os.close(said_write)
    try:
        record(pid)
        os.write(go_write, b"g")
    finally:
        os.close(go_write)
    with os.fdopen(said_read, "rb") as said:
        complaint = said.read().decode(errors="replace")  # ends when the child executes or closes it
    if complaint:
        os.waitpid(pid, 0)
        raise StartError(complaint)
    return pid


def _function(order: Order) -> Callable[..., object]:
    """Imported in the nursery, so that the child needs no file of the installation any more."""
    try:
        found: Callable[..., object] = getattr(importlib.import_module(order.module), order.function)
    except (ImportError, AttributeError) as error:
        raise StartError(f"{order.module}.{order.function}: {error}") from error
    return found


def _child(order: Order, run: Callable[..., object] | None, go: int, said: int) -> NoReturn:
    try:
        parent = os.getppid()
        if os.read(go, 1) != b"g":
            os._exit(_CANNOT_RUN)  # the nursery died before it could record this process
        os.close(go)
        _forget_the_nursery(order)
        if order.mounts:
            kernel.mount_privately(order.mounts)
        _become(order, parent)
        os.chdir(order.cwd)
        if run is None:
            os.execve(order.argv[0], order.argv, order.env)  # noqa: S606  (no shell, on purpose)
    except BaseException as error:  # whatever it is must reach the nursery, not run on in a copy of it
        os.write(said, (str(error) or repr(error)).encode())
        os._exit(_CANNOT_RUN)
    _run(run, order)  # closes `said` with everything else


def _forget_the_nursery(order: Order) -> None:
    os.setsid()
    signal.set_wakeup_fd(-1)
    # A program that may not let a file grow is to be told so, and not to be killed for it (setrlimit(2)).
    for signum in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGXFSZ}:
        if callable(signal.getsignal(signum)) or signal.getsignal(signum) == signal.SIG_IGN:
            signal.signal(signum, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.umask(_UMASK)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    null = os.open(os.devnull, os.O_RDONLY)
    log = os.open(order.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o640)
    for source, target in ((null, 0), (log, 1), (log, 2)):
        os.dup2(source, target)


def _become(order: Order, parent: int) -> None:
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(order.gid)
        os.setuid(order.uid)
    kernel.forbid_new_privileges()
    kernel.die_with_parent(signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(_CANNOT_RUN)  # the nursery died before the kernel was told


def _run(run: Callable[..., object], order: Order) -> NoReturn:
    """Run a Python component in this copy of the nursery and never return into its loop."""
    os.closerange(3, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    kernel.readable_by_itself()
    kernel.name_process(order.name)
    os.environ.clear()
    os.environ.update(order.env)
    random.seed()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for signum in (signal.SIGPIPE, signal.SIGXFSZ):  # as Python itself starts
        signal.signal(signum, signal.SIG_IGN)
    sys.argv = [order.name]
    gc.enable()
    status = 0
    try:
        run(**order.kwargs)
    except SystemExit as left:
        status = left.code if isinstance(left.code, int) else int(left.code is not None)
    except BaseException:  # the last stop: say it in the log, leave with a status
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
