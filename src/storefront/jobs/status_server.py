"""The small HTTP side of a worker: `/metrics` and `/healthz`. One thread, one request at a time, bounded."""

import socket
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer

from storefront.metrics import CONTENT_TYPE

IDLE_POLL_S = 3600.0
"""The server is never asked to stop: its thread ends with the process."""


def address_of(listen: str) -> tuple[str, int]:
    """`host:port` as a pair.

    Raises:
        ValueError: it is not of that form.
    """
    host, separator, port = listen.rpartition(":")
    if not separator or not host or not port.isdigit():
        raise ValueError(f"{listen!r} is not host:port")
    return host, int(port)


class _Handler(BaseHTTPRequestHandler):
    timeout = 2
    render: Callable[[], bytes]
    healthy: Callable[[], bool]

    def do_GET(self) -> None:
        if self.path == "/metrics":
            self._answer(HTTPStatus.OK, CONTENT_TYPE, type(self).render())
        elif self.path == "/healthz":
            healthy = type(self).healthy()
            status = HTTPStatus.OK if healthy else HTTPStatus.SERVICE_UNAVAILABLE
            self._answer(
                status, "application/json", b'{"status":"ok"}' if healthy else b'{"status":"failing"}'
            )
        else:
            body = b'{"error":{"code":"not_found","message":"/metrics and /healthz","request_id":""}}'
            self._answer(HTTPStatus.NOT_FOUND, "application/json", body)

    def _answer(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Scrapes are not worth a line."""


class _Server(HTTPServer):
    request_queue_size = 16

    def server_bind(self) -> None:
        """Bind without asking the resolver for our own name, which `HTTPServer` does."""
        # What the method we replace does; without it a restart finds its own old connections in the way.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])


def serve(listen: str, render: Callable[[], bytes], healthy: Callable[[], bool]) -> HTTPServer:
    """Serve from a daemon thread.

    Raises:
        OSError: the address is taken.
    """
    handler = type("Handler", (_Handler,), {"render": staticmethod(render), "healthy": staticmethod(healthy)})
    server = _Server(address_of(listen), handler)
    threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": IDLE_POLL_S}, name="status", daemon=True
    ).start()
    return server
