"""The one way to a drill for everything outside its daemon: HTTP over the Unix socket. Holds no state."""

import subprocess
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Self, TypeVar

import httpx
from pydantic import BaseModel, JsonValue, ValidationError

from drillyard.base.clock import monotonic
from drillyard.base.errors import DrillyardError
from drillyard.drill.places import Places
from drillyard.drill.presence import socket_address
from drillyard.drill.spawn import Reached, reach
from drillyard.drill.wire import (
    ErrorAnswer,
    Failure,
    InterruptedOperationError,
    Line,
    OperationView,
    Request,
    Result,
)

Answer = TypeVar("Answer", bound=BaseModel)

COMMAND_HEADER = "X-Drill-Command"
"""The command that a request was made for; this is what counts as the learner's activity."""
PATIENCE_S = 10.0
"""So long a stream that is cut is taken up again without a line of it."""
BETWEEN_TRIES_S = 0.05
"""A pause before each new try."""


class DaemonLostError(InterruptedOperationError):
    """The daemon went away in the middle of an answer."""


class Client:
    """A connection to one drill's daemon, which is started when it does not run."""

    def __init__(self, places: Places, command: str, spawned: subprocess.Popen[bytes] | None = None) -> None:
        self.places = places
        self.reached: Reached = reach(places, spawned)
        self._http = httpx.Client(
            transport=httpx.HTTPTransport(uds=socket_address(places.socket)),
            base_url="http://drill",
            headers={COMMAND_HEADER: command},
            timeout=httpx.Timeout(30, read=120),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def get(self, path: str, kind: type[Answer], **query: str | float) -> Answer:
        """Ask for one thing.

        Raises:
            UserError: as the daemon put it.
        """
        return kind.model_validate_json(self._request("GET", path, query=query).content)

    def text(self, path: str, **query: str | float) -> str:
        """Ask for a text, such as a task's page."""
        return self._request("GET", path, query=query).text

    def post(self, path: str, body: BaseModel, kind: type[Answer]) -> Answer:
        """Send something and take the answer."""
        return kind.model_validate_json(self._request("POST", path, body=body.model_dump_json()).content)

    def begin(self, request: Request) -> OperationView:
        """Start an operation."""
        return self.post("/operations", request, OperationView)

    def cancel(self, operation: int) -> OperationView:
        """Interrupt an operation; returns when it has cleaned up."""
        return self.delete(f"/operations/{operation}", OperationView)

    def delete(self, path: str, kind: type[Answer]) -> Answer:
        """End one thing; returns when it is over."""
        return kind.model_validate_json(self._request("DELETE", path).content)

    def follow(self, operation: int, start: int = 0) -> Iterator[Line]:
        """The events of an operation, from index `start` to its end; goes on when a stream is cut.

        Minutes may pass between two events: a disaster says nothing of what it does.
        """
        path, quiet = f"/operations/{operation}/events", httpx.Timeout(30, read=None)
        failing: float | None = None
        while True:
            cut: httpx.TransportError | None = None
            try:
                with self._http.stream("GET", path, params={"from": start}, timeout=quiet) as stream:
                    _raise_error(stream)
                    for text in stream.iter_lines():
                        line = Line.model_validate_json(text)
                        start, failing = line.index + 1, None
                        yield line
                        if isinstance(line.event, Result | Failure):
                            return
            except httpx.TransportError as error:
                cut = error
            failing = monotonic() if failing is None else failing
            if monotonic() - failing > PATIENCE_S:
                raise self._lost() from cut
            time.sleep(BETWEEN_TRIES_S)
            self.reached = reach(self.places)

    def lines(self, path: str, **query: str | float) -> Iterator[str]:
        """A stream of text lines, such as a log that is followed."""
        timeout = httpx.Timeout(30, read=None)
        with self._http.stream("GET", path, params=query, timeout=timeout) as stream:
            _raise_error(stream)
            yield from stream.iter_lines()

    def _request(
        self, method: str, path: str, *, query: dict[str, str | float] | None = None, body: str | None = None
    ) -> httpx.Response:
        try:
            response = self._http.request(method, path, params=query, content=body)
        except httpx.TransportError as error:
            if method != "GET" and not isinstance(error, httpx.ConnectError):
                raise self._lost() from error  # it may have been done
            self.reached = reach(self.places)
            response = self._http.request(method, path, params=query, content=body)
        _raise_error(response)
        return response

    def _lost(self) -> DaemonLostError:
        return DaemonLostError(
            "The drill's daemon went away while it answered",
            where=str(self.places.log),
            next_step="Run the command again: it starts a new daemon; nothing acknowledged is lost.",
        )


def outcome(line: Line) -> JsonValue:
    """The result that the last line of an operation carries.

    Raises:
        UserError: the operation failed, was interrupted or was cancelled.
    """
    match line.event:
        case Result(result=result):
            return result
        case Failure(error=error):
            raise error.to_error()
        case _:
            raise DrillyardError(f"operation has not ended at event {line.index}")


def _raise_error(response: httpx.Response) -> None:
    if response.is_success:
        return
    response.read()
    try:
        answer = ErrorAnswer.model_validate_json(response.content)
    except ValidationError as error:
        raise DrillyardError(f"the daemon answered {response.status_code}: {response.text[:500]}") from error
    raise answer.error.to_error()
