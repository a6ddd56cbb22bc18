import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from storefront import needed, processes
from storefront.settings.partner import Partner

NOWHERE = "http://127.0.0.1:1"


class Handler(BaseHTTPRequestHandler):
    """Stands for the partner: not well for so many questions, then well."""

    unwell: int

    def do_GET(self) -> None:
        well = self.path == "/healthz" and type(self).unwell == 0
        type(self).unwell = max(0, type(self).unwell - 1)
        self.send_response(200 if well else 503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def listening(unwell: int = 0) -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), type("Own", (Handler,), {"unwell": unwell})) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def settings(url: str, timeout_ms: int = 5000) -> Partner:
    return Partner(url=url, timeout_ms=timeout_ms, needed_at_start=True)


def test_by_default_nobody_is_asked() -> None:
    needed.partner(Partner(url=NOWHERE))


@pytest.mark.parametrize("unwell", [0, 2])
def test_a_partner_that_answers_in_time_lets_a_process_start(unwell: int) -> None:
    with listening(unwell) as url:
        needed.partner(settings(url, timeout_ms=60_000))


def test_one_that_is_not_well_or_not_there_does_not() -> None:
    with listening(unwell=10**9) as partner:
        for url in (partner, NOWHERE):
            with pytest.raises(needed.NeededError, match=f"{url} does not answer within 50 ms"):
                needed.partner(settings(url, timeout_ms=50))


def test_one_that_takes_connections_and_says_nothing_does_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(needed.NeededError):
            needed.partner(settings(url, timeout_ms=100))


@pytest.mark.parametrize(("kind", "worker_type"), [("web", None), ("worker", "payments")])
def test_a_process_that_needs_it_ends_with_1_and_one_line(
    kind: str, worker_type: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "storefront.toml"
    file.write_text(f'[partner]\nurl = "{NOWHERE}"\ntimeout_ms = 50\nneeded_at_start = true\n')
    with pytest.raises(SystemExit) as left:
        processes.run(kind, file, instance="it", listen="127.0.0.1:0", worker_type=worker_type)
    assert left.value.code == 1
    assert capsys.readouterr().err == (
        f"it cannot start: the payment partner at {NOWHERE} does not answer within 50 ms"
        " (partner.needed_at_start)\n"
    )
