"""The exporter's process: an HTTP server with `/metrics` and `/healthz`, until SIGTERM."""

import signal
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic

from drillyard.range.exporter.census import siblings
from drillyard.range.exporter.exposition import CONTENT_TYPE, Family, render
from drillyard.range.exporter.postgres import PostgresFigures
from drillyard.range.exporter.processes import ProcessFigures
from drillyard.range.exporter.valkey import ValkeyFigures


class Exporter:
    """All figures of one range, collected one scrape at a time."""

    def __init__(self, *, postgres_dsn: str, valkey_url: str) -> None:
        self._sources = (
            PostgresFigures(postgres_dsn),
            ValkeyFigures(valkey_url),
            ProcessFigures(siblings),
        )
        self._lock = threading.Lock()

    def scrape(self) -> bytes:
        """The exposition of now."""
        with self._lock:
            return render(self._families())

    def _families(self) -> Iterator[Family]:
        spent = Family(
            "range_exporter_scrape_duration_seconds", "gauge", "Time to collect a source's figures"
        )
        for source in self._sources:
            start = monotonic()
            yield from source.collect()
            spent.add(monotonic() - start, source=type(source).__name__.removesuffix("Figures").lower())
        yield spent


def run(*, host: str, port: int, postgres_dsn: str, valkey_url: str) -> None:
    """Serve until SIGTERM, then exit the process with 0.

    Raises:
        OSError: the address is taken.
    """
    exporter = Exporter(postgres_dsn=postgres_dsn, valkey_url=valkey_url)
    server = _server(host, port, exporter)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    server.serve_forever(poll_interval=0.2)
    server.server_close()
    sys.exit(0)


def _server(host: str, port: int, exporter: Exporter) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10

        def do_GET(self) -> None:
            """`/metrics`, `/healthz`; anything else is not found."""
            path = self.path.split("?", 1)[0]
            if path == "/metrics":
                self._answer(200, exporter.scrape(), CONTENT_TYPE)
            elif path == "/healthz":
                self._answer(200, b"ok\n", "text/plain")
            else:
                self._answer(404, b"not found; there is /metrics\n", "text/plain")

        def log_message(self, format: str, *arguments: object) -> None:
            """Scrapes are not logged."""

        def _answer(self, status: int, body: bytes, content_type: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer((host, port), Handler)
    server.daemon_threads = True
    return server
