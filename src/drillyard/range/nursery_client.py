"""The supervisor's side of the nursery: start it, ask it, hear of deaths."""

import asyncio
import itertools
import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from drillyard.base.errors import UserError
from drillyard.range.component import Command, Component, Exec
from drillyard.range.ledger import Ledger

_LONGEST_LINE = 1 << 20
_END_WITHIN_S = 5.0


class NurseryLostError(Exception):
    """The nursery died: everything it had started is gone or about to be."""


class NurseryClient:
    """One running nursery.

    `on_exit(pid, status)` hears of every child that died; a negative status is a signal.

    `lost` is set when the nursery is gone, asked for or not.
    """

    def __init__(self, ledger: Ledger, on_exit: Callable[[int, int], None]) -> None:
        self._ledger = ledger
        self._on_exit = on_exit
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._listening: asyncio.Task[None] | None = None
        self.lost = asyncio.Event()

    @property
    def pid(self) -> int:
        """The nursery's own pid; 0 before it was opened."""
        return self._process.pid if self._process else 0

    async def open(self) -> None:
        """Start the nursery, after clearing what an earlier one may have left.

        Raises:
            TimeoutError: something of an earlier run cannot be ended.
        """
        await asyncio.to_thread(self._ledger.clear)
        ours, theirs = socket.socketpair()
        try:
            await self._open(ours, theirs)
        except BaseException:
            ours.close()  # the nursery ends when this is closed
            raise

    async def _open(self, ours: socket.socket, theirs: socket.socket) -> None:
        with theirs:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # what lies in the current directory is not imported
                "-m",
                "drillyard.range.nursery",
                str(theirs.fileno()),
                str(self._ledger.path),
                pass_fds=(theirs.fileno(),),
                env=_environment(self._ledger),
                cwd="/",
                stdin=asyncio.subprocess.DEVNULL,
                start_new_session=True,
            )
        reader, self._writer = await asyncio.open_unix_connection(sock=ours, limit=_LONGEST_LINE)
        self._listening = asyncio.create_task(self._listen(reader))

    async def start(self, component: Component, command: Command | None = None) -> int:
        """Start the process of a component (with `command`, if that is not its usual one); returns its pid.

        Raises:
            UserError: it could not be executed.
            NurseryLostError: the nursery is gone.
        """
        reply = await self._ask(
            {"op": "start", "order": _order(component, command or component.command(), self._ledger.mark)}
        )
        if "error" in reply:
            raise UserError(
                f"{component.name} could not be started: {reply['error']}",
                where=str(component.site.directory),
                next_step="`drill doctor` says whether its program is there.",
            )
        return int(reply["pid"])

    async def preload(self, module: str, function: str, kwargs: Mapping[str, str]) -> float:
        """Import what Python components share, once; returns the seconds it took.

        Raises:
            UserError: it cannot be imported.
            NurseryLostError: the nursery is gone.
        """
        reply = await self._ask({"op": "preload", "module": module, "function": function, "kwargs": kwargs})
        if "error" in reply:
            raise UserError(f"The shop cannot be imported: {reply['error']}", where=module)
        return float(reply["seconds"])

    async def signal(self, pid: int, signum: signal.Signals, *, tree: bool = False) -> bool:
        """Send a signal to a child, with `tree` to all its descendants too; False when it is gone.

        Raises:
            NurseryLostError: the nursery is gone.
        """
        reply = await self._ask({"op": "signal", "pid": pid, "signum": int(signum), "tree": tree})
        return bool(reply.get("sent"))

    async def close(self) -> None:
        """End the nursery and everything that still runs in it; returns when all is gone."""
        if self._process is None or self._writer is None or self._listening is None:
            return
        self._writer.close()
        try:
            async with asyncio.timeout(_END_WITHIN_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        await self._listening
        await asyncio.to_thread(self._ledger.clear)

    async def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        if self._writer is None or self.lost.is_set():
            raise NurseryLostError("the nursery is gone")
        number = next(self._ids)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            self._writer.write(json.dumps({"id": number, **request}, default=str).encode() + b"\n")
            reply: dict[str, Any] = await answer
        finally:
            self._waiting.pop(number, None)
        return reply

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        try:
            while line := await reader.readline():
                self._hear(json.loads(line))
        except ConnectionError:
            pass  # the same as the end of the stream
        finally:
            self.lost.set()
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(NurseryLostError("the nursery died"))
            if self._writer:
                self._writer.close()

    def _hear(self, message: dict[str, Any]) -> None:
        if message.get("event") == "exit":
            self._on_exit(message["pid"], message["status"])
        elif (answer := self._waiting.get(message["id"])) and not answer.done():
            answer.set_result(message)


def _environment(ledger: Ledger) -> dict[str, str]:
    """The nursery's own environment; components get only what their command states."""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "TZ") if name in os.environ}
    # Fewer malloc arenas: less memory in each process that is forked from it.
    return {"LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "2", **ledger.mark, **kept}


def _order(component: Component, command: Command, mark: Mapping[str, str]) -> dict[str, Any]:
    site = component.site
    order = {
        "name": component.name,
        "log": str(site.log),
        "uid": site.account.uid,
        "gid": site.account.gid,
        "env": {**command.env, **mark},
        "cwd": str(command.cwd),
        "stop_signal": int(component.stop_signal),
    }
    if isinstance(command, Exec):
        return {**order, "argv": list(command.argv), "mounts": dict(command.mounts)}
    return {
        **order,
        "module": command.module,
        "function": command.function,
        "kwargs": dict(command.kwargs),
    }


def ledger_of(range_directory: Path) -> Ledger:
    """The ledger of the range that lives in this directory."""
    return Ledger(range_directory / "ledger.jsonl")
