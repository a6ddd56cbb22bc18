"""The mail sink: takes every mail over SMTP, delivers none, and shows the newest over HTTP.

`GET /messages?to=&limit=` lists them, newest first; `GET /messages/{number}` shows one; `DELETE /messages`
forgets all. A mail that comes again with the `Message-ID` of one that is kept is counted, not kept twice.
"""

import asyncio
import sys
import time
from collections import OrderedDict
from email import message_from_bytes
from email.policy import default as modern_policy

import uvloop
from aiosmtpd.smtp import SMTP, Envelope, Session
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.process_collector import ProcessCollector
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from storefront import logs
from storefront.jobs.status_server import address_of
from storefront.metrics import CONTENT_TYPE
from storefront.serving import make_server, serve_until, stop_event
from storefront.settings import Settings

HOST_NAME = "mailsink.test"
LIST_LIMIT = 1000

log = logs.get_logger(__name__)


class Mail(BaseModel):
    """One mail that was taken."""

    number: int
    message_id: str
    sender: str
    to: list[str]
    subject: str
    text: str
    at: float
    """Seconds since the epoch."""


class Mailbox:
    """The newest mails."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._mails: OrderedDict[int, Mail] = OrderedDict()
        self._by_message_id: dict[str, int] = {}
        self._taken = 0
        self.registry = CollectorRegistry()
        self._received = Counter(
            "mailsink_messages_total", "Mails taken, repeated ones too.", registry=self.registry
        )
        self._repeated = Counter(
            "mailsink_repeated_total", "Mails taken that had come before.", registry=self.registry
        )
        Gauge("mailsink_messages_kept", "Mails in memory.", registry=self.registry).set_function(
            lambda: len(self._mails)
        )
        ProcessCollector(registry=self.registry)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """Take one mail (aiosmtpd calls this by its name)."""
        content = envelope.content or b""
        self.take(
            content.encode() if isinstance(content, str) else content,
            envelope.mail_from or "",
            list(envelope.rcpt_tos),
        )
        return "250 OK"

    def take(self, content: bytes, sender: str, to: list[str]) -> None:
        """Keep a mail; the oldest makes room."""
        self._received.inc()
        parsed = message_from_bytes(content, policy=modern_policy)
        message_id = str(parsed.get("Message-ID", "")).strip()
        if message_id and message_id in self._by_message_id:
            self._repeated.inc()
            return
        body = parsed.get_body(preferencelist=("plain", "html"))
        self._taken += 1
        mail = Mail(
            number=self._taken,
            message_id=message_id,
            sender=sender,
            to=to,
            subject=str(parsed.get("Subject", "")),
            text=str(body.get_content()) if body is not None else "",
            at=time.time(),
        )
        self._mails[mail.number] = mail
        self._by_message_id[message_id] = mail.number
        if len(self._mails) > self._limit:
            _, oldest = self._mails.popitem(last=False)
            self._by_message_id.pop(oldest.message_id, None)

    def app(self) -> Starlette:
        """The HTTP side."""
        return Starlette(
            routes=[
                Route("/messages", self.list_mails, methods=["GET"]),
                Route("/messages", self.forget, methods=["DELETE"]),
                Route("/messages/{number:int}", self.show, methods=["GET"]),
                Route("/metrics", self.metrics, methods=["GET"]),
                Route("/healthz", self.healthz, methods=["GET"]),
            ]
        )

    async def list_mails(self, request: Request) -> Response:
        """The newest mails, of one receiver if `to` is given."""
        to = request.query_params.get("to")
        text = request.query_params.get("limit", "100")
        if not text.isdigit() or not 1 <= int(text) <= LIST_LIMIT:
            problem = {"code": "bad_limit", "message": f"limit: 1 to {LIST_LIMIT}"}
            return JSONResponse({"error": problem}, status_code=400)
        found = (mail for mail in reversed(self._mails.values()) if to is None or to in mail.to)
        mails = [mail.model_dump() for mail, _ in zip(found, range(int(text)), strict=False)]
        return JSONResponse({"total": self._taken, "messages": mails})

    async def show(self, request: Request) -> Response:
        """One mail."""
        mail = self._mails.get(request.path_params["number"])
        if mail is None:
            problem = {"code": "no_mail", "message": "no mail of that number is kept"}
            return JSONResponse({"error": problem}, status_code=404)
        return JSONResponse(mail.model_dump())

    async def forget(self, _request: Request) -> Response:
        """Forget all mails."""
        self._mails.clear()
        self._by_message_id.clear()
        return Response(status_code=204)

    async def metrics(self, _request: Request) -> Response:
        """Figures for Prometheus."""
        return Response(generate_latest(self.registry), headers={"Content-Type": CONTENT_TYPE})

    async def healthz(self, _request: Request) -> Response:
        """Alive."""
        return JSONResponse({"status": "ok"})


async def _serve(settings: Settings, listen: str) -> None:
    host, port = address_of(listen)
    box = Mailbox(settings.mail.max_messages)
    loop = asyncio.get_running_loop()
    smtp = await loop.create_server(
        lambda: SMTP(
            box,
            hostname=HOST_NAME,
            data_size_limit=settings.mail.max_message_bytes,
            timeout=30,
            loop=loop,
            enable_SMTPUTF8=True,
        ),
        host,
        port,
    )
    try:
        await serve_until(make_server(box.app(), host, settings.mail.http_port), stop_event())
    finally:
        smtp.close()
        await smtp.wait_closed()


def run(settings: Settings, instance: str, listen: str) -> None:
    """Take mails on `listen` (`host:port`), and HTTP on the same host's `[mail] http_port`, until SIGTERM.

    Raises:
        SystemExit: an address is taken (it is logged).
    """
    logs.configure(settings.observability.logs, instance)
    try:
        uvloop.run(_serve(settings, listen))
    except OSError as error:
        log.error("cannot listen", listen=listen, reason=str(error))  # noqa: TRY400 - nothing of ours failed
        sys.exit(1)
