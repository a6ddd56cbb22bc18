"""Following an operation over a connection that is cut, or says nothing for long."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from drillyard.drill import client as module
from drillyard.drill.client import Client, DaemonLostError
from drillyard.drill.places import Places
from drillyard.drill.spawn import Reached
from drillyard.drill.wire import Line, Progress, Result

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(line: Line) -> bytes:
    data = line.model_dump_json().encode() + b"\n"
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


LINES = [
    chunk(Line(index=0, at=0.0, event=Progress(message="customers come and go"))),
    chunk(Line(index=1, at=0.0, event=Progress(message="and go on"))),
    chunk(Line(index=2, at=0.0, event=Result(result=None))) + b"0\r\n\r\n",
]


@contextmanager
def daemon(path: Path, answers: list[Callable[[socket.socket], None]]) -> Iterator[None]:
    """Answers one connection after the other, and cuts each; then it takes no more."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()

        def serve() -> None:
            for answer in answers:
                connection, _ = listening.accept()
                with connection:
                    connection.recv(4096)
                    answer(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield
        thread.join(timeout=10)


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    monkeypatch.setattr(module, "reach", lambda *_: Reached(started=False, died=False))
    monkeypatch.setattr(module, "socket_address", lambda _: str(tmp_path / "s"))
    return Places(tmp_path)


def test_a_stream_that_is_cut_after_a_long_time_is_taken_up_again(
    places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = iter(range(0, 10_000, 7))
    monkeypatch.setattr(module, "monotonic", lambda: float(next(now)))
    answers = [
        lambda to: to.sendall(HEAD + LINES[0]),
        lambda to: to.sendall(HEAD + LINES[1]),
        lambda to: to.sendall(HEAD + LINES[2]),
    ]
    with daemon(tmp_path / "s", answers), Client(places, "test") as client:
        assert [line.index for line in client.follow(1)] == [0, 1, 2]


def test_an_operation_may_say_nothing_for_longer_than_any_other_answer_may_take(
    places: Places, tmp_path: Path
) -> None:
    def late(to: socket.socket) -> None:
        to.sendall(HEAD + LINES[0])
        time.sleep(0.2)
        to.sendall(LINES[1] + LINES[2])

    with daemon(tmp_path / "s", [late]), Client(places, "test") as client:
        client._http.timeout = httpx.Timeout(0.02)
        assert [line.index for line in client.follow(1)] == [0, 1, 2]


def test_a_daemon_that_is_cut_off_again_and_again_is_lost(
    places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = iter(range(0, 10_000, 4))
    monkeypatch.setattr(module, "monotonic", lambda: float(next(now)))
    with (
        daemon(tmp_path / "s", [lambda _: None] * 3),
        Client(places, "test") as client,
        pytest.raises(DaemonLostError, match="went away"),
    ):
        list(client.follow(1))
