"""The nursery: the one parent of every process of a range (`python -m drillyard.range.nursery FD LEDGER`).

It executes native servers at once, imports the shop once and forks the Python components from that, hands on
signals, and reports who died. It speaks JSON lines over the socket FD with the supervisor. When that socket
closes, for whatever reason, everything below the nursery is gone within two seconds; when the nursery itself
is killed, the kernel kills its children (PR_SET_PDEATHSIG). docs/decisions/0001 and 0002 say why.

One thread, so that forking is safe. The standard library only, so that the first server runs within
milliseconds.
"""

import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from drillyard.range import nursery_kernel as kernel
from drillyard.range.ledger import Ledger
from drillyard.range.nursery_child import Order, StartError, start

GRACE_S = 1.0
"""How long children may take to end in order when the supervisor is gone; then they are killed."""

Message = dict[str, Any]


class _EndOfServiceError(Exception):
    """The supervisor is gone, or says it is done."""


class Nursery:
    """The loop. Its state is the table of children: pid to order."""

    def __init__(self, control: socket.socket, ledger: Ledger) -> None:
        self._control = control
        self._ledger = ledger
        self._children: dict[int, Order] = {}
        self._unread = b""
        self._operations: dict[str, Callable[[Message], Message]] = {
            "start": self._start,
            "signal": self._signal,
            "preload": self._preload,
        }

    def serve(self) -> None:
        """Serve until the supervisor is gone; then end everything."""
        wake_read, wake_write = os.pipe()
        os.set_blocking(wake_write, False)
        os.set_blocking(wake_read, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, _end_of_service)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        selector = selectors.DefaultSelector()
        selector.register(self._control, selectors.EVENT_READ)
        selector.register(wake_read, selectors.EVENT_READ)
        try:
            try:
                while True:
                    for key, _ in selector.select():
                        if key.fileobj is self._control:
                            self._receive()
                        else:
                            _drain(wake_read)
                    self._report(self._reap())
            except _EndOfServiceError:
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
        except _EndOfServiceError:
            pass  # a killed supervisor is told twice, by its closed socket and by SIGTERM
        self._end_everything()

    def _receive(self) -> None:
        try:
            block = self._control.recv(1 << 16)
        except ConnectionError:
            block = b""
        if not block:
            raise _EndOfServiceError
        *lines, self._unread = (self._unread + block).split(b"\n")
        for line in lines:
            self._answer(json.loads(line))

    def _answer(self, request: Message) -> None:
        if request["op"] == "shutdown":
            raise _EndOfServiceError
        try:
            reply = self._operations[request["op"]](request)
        except (StartError, OSError, ImportError) as error:
            reply = {"error": str(error)}
        self._send({"id": request["id"], **reply})

    def _send(self, message: Message) -> None:
        try:
            self._control.sendall(json.dumps(message).encode() + b"\n")
        except ConnectionError:
            raise _EndOfServiceError from None

    def _start(self, request: Message) -> Message:
        order = Order(**request["order"])
        pid = start(order, lambda child: self._ledger.append(order.name, child))
        self._children[pid] = order
        return {"pid": pid}

    def _signal(self, request: Message) -> Message:
        """Only our own children, which cannot have been replaced by others before we reaped them."""
        pid, signum = request["pid"], request["signum"]
        if pid not in self._children:
            return {"sent": False}
        below = kernel.descendants(pid) if request["tree"] else []
        for process in [pid, *below]:
            _send_signal(process, signum)
        return {"sent": True}

    def _preload(self, request: Message) -> Message:
        """Import once what every Python component needs; freeze it, so that collections leave it shared."""
        began = time.monotonic()
        gc.disable()
        getattr(importlib.import_module(request["module"]), request["function"])(**request["kwargs"])
        gc.collect()
        gc.freeze()
        return {"seconds": time.monotonic() - began}

    def _reap(self) -> list[tuple[int, int]]:
        """Those of our own who died, with their wait status; what they left behind is ended first."""
        died = []
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            if pid in self._children:
                died.append((pid, status))
        for pid, _ in died:
            self._children.pop(pid)
        if died:
            self._end_strays()
        return died

    def _report(self, died: list[tuple[int, int]]) -> None:
        for pid, status in died:
            self._send({"event": "exit", "pid": pid, "status": os.waitstatus_to_exitcode(status)})

    def _end_strays(self) -> None:
        """End the orphans of a child that died: they are our children now, which we never started."""
        deadline = time.monotonic() + GRACE_S
        while time.monotonic() < deadline:
            below = kernel.descendants(os.getpid())
            wanted = {*self._children, *(p for child in self._children for p in kernel.descendants(child))}
            strays = [pid for pid in below if pid not in wanted]
            if not strays:
                return
            for pid in strays:
                _send_signal(pid, signal.SIGKILL)
                _reap_one(pid)
            time.sleep(0.002)

    def _end_everything(self) -> None:
        """Ask all to end, the last started first; kill what is left after GRACE_S, until nothing is."""
        for pid, order in reversed(self._children.items()):
            _send_signal(pid, order.stop_signal)
        deadline = time.monotonic() + GRACE_S
        while self._children and time.monotonic() < deadline:
            self._reap()
            time.sleep(0.005)
        while True:
            for pid in {*self._children, *kernel.descendants(os.getpid())}:
                _send_signal(pid, signal.SIGKILL)
            try:
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            except ChildProcessError:
                return
            time.sleep(0.002)


def _end_of_service(*_: object) -> None:
    """Raised out of whatever runs, an import too: nothing may hold up the end. Raises once only."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise _EndOfServiceError


def _send_signal(pid: int, signum: int) -> None:
    try:
        os.kill(pid, signum)
    except ProcessLookupError:
        return


def _reap_one(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def _drain(descriptor: int) -> None:
    try:
        while os.read(descriptor, 512):
            pass
    except BlockingIOError:
        return


def main(control: int, ledger: Path) -> None:
    """Serve one supervisor on the inherited socket `control`."""
    parent = os.getppid()
    os.set_inheritable(control, False)
    kernel.adopt_orphans()
    kernel.die_with_parent(signal.SIGTERM)
    if os.getppid() != parent:
        return
    kernel.name_process("drill-nursery")
    book = Ledger(ledger)
    book.append("nursery", os.getpid())
    Nursery(socket.socket(fileno=control), book).serve()
    ledger.unlink(missing_ok=True)  # everything is gone: nothing is left for the next start to clear


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
