"""Long work: one operation at a time has the range, and each keeps its events so that anyone can follow them.

An operation belongs to the daemon, not to the client that asked for it: a client that goes away changes
nothing, and comes back with the number of the event that it saw last.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from pydantic import JsonValue

from drillyard.base.clock import wall
from drillyard.drill.events import OperationEnded
from drillyard.drill.naming import a_noun, noun
from drillyard.drill.store import Store
from drillyard.drill.wire import (
    REQUEST,
    BusyError,
    CancelledOperationError,
    ErrorBody,
    Failure,
    InterruptedOperationError,
    Line,
    NotFoundError,
    OperationEvent,
    OperationView,
    Pause,
    Progress,
    Request,
    Result,
    State,
    Stop,
)

log = logging.getLogger(__name__)

YIELDS = ("measure", "check", "submit", "rehearse", "traffic")
"""Operations that `pause` and `stop` interrupt instead of waiting for them."""


class Reporter:
    """How an operation says what it is doing. May be called from any thread."""

    def __init__(self, operations: "Operations", operation: int) -> None:
        self._operations = operations
        self.operation = operation

    def __call__(self, message: str, fraction: float | None = None) -> None:
        """One line of progress; `fraction` of the whole operation, 0 to 1, when known."""
        self._operations.emit(self.operation, Progress(message=message, fraction=fraction))


Work = Callable[[Request, Reporter], Awaitable[JsonValue]]


class Operations:
    """The operations of one drill. Everything but `emit` is called on the event loop."""

    def __init__(self, store: Store, work: Work, log_file: Path) -> None:
        self._store = store
        self._work = work
        self._log_file = log_file
        self._current: tuple[int, Request, asyncio.Task[None]] | None = None
        self._changed = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def close_interrupted(self) -> list[OperationView]:
        """End what a daemon before this one left running, and say which these were."""
        left = [view for view in self.all() if view.state == "running"]
        for view in left:
            error = InterruptedOperationError(
                f"The {view.request.kind} was cut short: the drill's daemon ended while it ran",
                next_step=f"Run it again: drill {view.request.kind}",
            )
            self._end(view, "interrupted", Failure(error=ErrorBody.of(error)))
        return left

    @property
    def current(self) -> OperationView | None:
        """The operation that has the range now."""
        return self.view(self._current[0]) if self._current else None

    async def begin(self, request: Request) -> OperationView:
        """Start an operation.

        Raises:
            BusyError: another one has the range; it says which, and how to interrupt it.
        """
        if self._current and isinstance(request, Pause | Stop) and self._current[1].kind in YIELDS:
            await self.cancel(self._current[0])
        if self._current:
            number, running, _ = self._current
            since = wall() - self.view(number).created
            raise BusyError(
                f"The drill is busy: {a_noun(running)} (operation {number}) goes on, for {since:.0f} s now",
                next_step=f"Wait for it, watch it with `drill watch {number}`, or interrupt it with"
                f" `drill watch {number} --cancel`.",
            )
        with self._store.transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO operations (kind, request, state, created) VALUES (?, ?, 'running', ?)",
                (request.kind, request.model_dump_json(), wall()),
            )
            number = int(cursor.lastrowid or 0)
        task = asyncio.create_task(self._run(number, request), name=f"operation-{number}-{request.kind}")
        self._current = (number, request, task)
        return self.view(number)

    async def cancel(self, number: int) -> OperationView:
        """Interrupt an operation and wait until it has cleaned up; nothing happens when it has ended."""
        if self._current and self._current[0] == number:
            _, request, task = self._current
            task.cancel()
            await asyncio.wait([task])
            if self._current and self._current[0] == number:  # it had not even begun
                self._finish(number, "cancelled", Failure(error=_cancelled(request)))
        return self.view(number)

    async def wait(self) -> None:
        """Wait until nothing runs."""
        while self._current:
            await asyncio.wait([self._current[2]])

    async def _run(self, number: int, request: Request) -> None:
        try:
            result = await self._work(request, Reporter(self, number))
            state: State = "done"
            last: OperationEvent = Result(result=result)
        except asyncio.CancelledError:
            state, last = "cancelled", Failure(error=_cancelled(request))
        except Exception as error:
            body = ErrorBody.of(error, log=str(self._log_file))
            if body.code == "bug":
                log.exception("operation %d (%s) failed", number, request.kind)
            state, last = "failed", Failure(error=body)
        self._finish(number, state, last)

    def _finish(self, number: int, state: State, last: OperationEvent) -> None:
        self._current = None
        self._end(self.view(number), state, last)

    def _end(self, view: OperationView, state: State, last: OperationEvent) -> None:
        with self._store.transaction() as connection:
            connection.execute(
                "UPDATE operations SET state = ?, ended = ? WHERE id = ?", (state, wall(), view.id)
            )
            self._insert(view.id, last)
            self._store.append(
                OperationEnded(operation=view.id, operation_kind=view.request.kind, state=state)
            )
        self._notify()

    def emit(self, number: int, event: OperationEvent) -> None:
        """Keep an event and wake everyone who follows."""
        self._insert(number, event)
        self._loop.call_soon_threadsafe(self._notify)

    def _insert(self, number: int, event: OperationEvent) -> None:
        self._store.jot(
            "INSERT INTO operation_events SELECT ?1, coalesce(max(idx) + 1, 0), ?2, ?3"
            " FROM operation_events WHERE operation = ?1",
            number,
            wall(),
            event.model_dump_json(),
        )

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def follow(self, number: int, start: int) -> AsyncIterator[Line]:
        """The events of an operation from index `start`, as they come, until its end.

        Raises:
            NotFoundError: there is no such operation.
        """
        while True:
            changed = self._changed
            view = self.view(number)
            for line in self.lines(number, start):
                start = line.index + 1
                yield line
            if view.state != "running":
                return
            await changed.wait()

    def lines(self, number: int, start: int) -> list[Line]:
        """The events of an operation so far, from index `start`."""
        rows = self._store.rows(
            "SELECT idx, at, body FROM operation_events WHERE operation = ? AND idx >= ? ORDER BY idx",
            number,
            start,
        )
        return [
            Line.model_validate_json(f'{{"index": {index}, "at": {at}, "event": {body}}}')
            for index, at, body in rows
        ]

    def view(self, number: int) -> OperationView:
        """One operation.

        Raises:
            NotFoundError: there is no such operation.
        """
        found = [view for view in self.all() if view.id == number]
        if not found:
            raise NotFoundError(
                f"There is no operation {number} in this drill", next_step="Ask for the list: GET /operations"
            )
        return found[0]

    def all(self) -> list[OperationView]:
        """All operations, oldest first."""
        rows = self._store.rows(
            "SELECT id, request, state, created, ended,"
            " (SELECT count(*) FROM operation_events WHERE operation = id) FROM operations ORDER BY id"
        )
        return [
            OperationView.model_validate(
                {
                    "id": number,
                    "request": REQUEST.validate_json(str(request)),
                    "state": state,
                    "created": created,
                    "ended": ended,
                    "events": events,
                }
            )
            for number, request, state, created, ended, events in rows
        ]


def _cancelled(request: Request) -> ErrorBody:
    return ErrorBody.of(
        CancelledOperationError(
            f"The {noun(request)} was interrupted on request", next_step=f"Run it again: drill {request.kind}"
        )
    )
