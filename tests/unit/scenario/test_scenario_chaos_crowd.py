"""The crowd of chaos-engineering's workspace: it asks as often as it is told, and only this machine."""

import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar

import pytest
from chaos_work import SCENARIO

CROWD = SCENARIO.directory / "workspace" / "crowd.py"


class _Page(BaseHTTPRequestHandler):
    """A page that is served, and one that is full."""

    paths: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.paths.append(self.path)
        self.send_response(503 if self.path.startswith("/full") else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def page() -> Iterator[str]:
    _Page.paths.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Page) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def crowd(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(CROWD), *arguments], check=False, capture_output=True, text=True, timeout=30
    )


def test_so_many_ask_and_whoever_is_refused_is_not_served(page: str) -> None:
    assert crowd(f"{page}/", "100", "0.2").stdout.startswith("20 came, 20 were served, the slowest in ")
    assert _Page.paths == ["/"] * 20
    assert crowd(f"{page}/full", "50", "0.1").stdout == "5 came, 0 were served\n"


def test_a_crowd_goes_nowhere_else() -> None:
    refused = crowd("http://192.0.2.1:80/", "1", "1")
    assert refused.returncode == 1
    assert "drill open" in refused.stderr


def test_what_is_asked_for_goes_with_its_page(page: str) -> None:
    assert crowd(f"{page}/full?page=2", "10", "0.1").stdout == "1 came, 0 were served\n"
    assert _Page.paths == ["/full?page=2"]


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("http://127.0.0.1:1/",),
        ("http://127.0.0.1:1/", "many", "1"),
        ("http://127.0.0.1:1/", "-1", "-60"),
        ("http://127.0.0.1:1/", "0", "5"),
        ("http://127.0.0.1:1/", "nan", "5"),
        ("http://127.0.0.1:door/", "1", "1"),
        ("http://127.example.com/", "1", "1"),
    ],
)
def test_a_crowd_says_what_it_needs(arguments: tuple[str, ...]) -> None:
    refused = crowd(*arguments)
    assert refused.returncode == 1
    assert refused.stderr.startswith("crowd.py: say an address")
