"""The payment partner: a small service of its own, as the shop sees it from outside.

`POST /v1/charges` (header `Idempotency-Key`, body token, amount_cents, currency, reference) charges a key
once and answers the same for every repetition; tokens that begin with `tok_declined` are declined.
`POST /v1/tokens` (body token) says that a token is known, in the same time and with the same troubles.
`GET /v1/charges/{key}` finds one, `GET /v1/statement?since=` lists those made since then (seconds since
1970).
`GET|PUT /control` has the switches; at the start it is slow, as a partner over the internet is, and well.
"""

import asyncio
import json
import os
import random
import time
from collections import OrderedDict
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import uvloop
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.process_collector import ProcessCollector
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from storefront import logs
from storefront.jobs.status_server import address_of
from storefront.metrics import CONTENT_TYPE
from storefront.serving import make_server, serve_until, stop_event
from storefront.settings import Settings

DECLINED = "tok_declined"
FILE = "charges.jsonl"
STATEMENT_LIMIT = 10_000
MAX_BODY_BYTES = 16_384
USUAL_DELAY_MS, USUAL_JITTER_MS = 100, 100
"""A partner over the internet takes its time: whoever waits for it needs threads."""

log = logs.get_logger(__name__)


class Control(BaseModel):
    """The switches: how the partner behaves."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    delay_ms: Annotated[int, Field(ge=0, le=120_000, description="Milliseconds before each answer.")] = (
        USUAL_DELAY_MS
    )
    jitter_ms: Annotated[int, Field(ge=0, le=120_000, description="Up to so many more, at random.")] = (
        USUAL_JITTER_MS
    )
    error_ratio: Annotated[
        float, Field(ge=0, le=1, description="Share of charges and questions about tokens answered with 500.")
    ] = 0.0
    rate_limit_per_s: Annotated[
        float, Field(ge=0, description="Charges and questions about tokens per second; more get 429. 0: any.")
    ] = 0.0
    forget_ratio: Annotated[
        float, Field(ge=0, le=1, description="Share of charges that are answered as made but not kept.")
    ] = 0.0


class ChargeBody(BaseModel):
    """What is asked for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    token: Annotated[str, Field(min_length=1, max_length=200)]
    amount_cents: Annotated[int, Field(gt=0, le=10**12)]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    reference: Annotated[str, Field(max_length=200)] = ""


class TokenBody(BaseModel):
    """What is asked about."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    token: Annotated[str, Field(min_length=1, max_length=200)]


class Charge(BaseModel):
    """What was done."""

    charge_id: str
    key: str
    status: str
    amount_cents: int
    currency: str
    reference: str
    at: float
    """Seconds since the epoch."""


class Ledger:
    """The newest charges in memory, by key; with a directory also in a file that is only appended to.

    A line is written before the charge is answered, and survives the end of the process (not of the machine).
    """

    def __init__(self, limit: int, directory: Path | None) -> None:
        self._limit = limit
        self._charges: OrderedDict[str, Charge] = OrderedDict()
        self._file: int | None = None
        if directory is not None:
            directory.mkdir(parents=True, exist_ok=True)
            path = directory / FILE
            if path.exists():
                self._read(path)
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)

    def _read(self, path: Path) -> None:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    self._remember(Charge.model_validate_json(line))
                except ValidationError:
                    log.warning("charge not readable, skipped", file=str(path), line=number)

    def _remember(self, charge: Charge) -> None:
        self._charges[charge.key] = charge
        if len(self._charges) > self._limit:
            self._charges.popitem(last=False)

    def __len__(self) -> int:
        return len(self._charges)

    def add(self, charge: Charge) -> None:
        """Keep a charge."""
        if self._file is not None:
            os.write(self._file, charge.model_dump_json().encode() + b"\n")
        self._remember(charge)

    def find(self, key: str) -> Charge | None:
        """The charge of a key."""
        return self._charges.get(key)

    def since(self, at: float) -> list[Charge]:
        """Charges made at or after `at`, oldest first, at most `STATEMENT_LIMIT`."""
        return [charge for charge in self._charges.values() if charge.at >= at][:STATEMENT_LIMIT]

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


class _RateLimit:
    """A bucket that holds one second's worth."""

    def __init__(self) -> None:
        self._tokens = 0.0
        self._filled = 0.0

    def take(self, per_s: float) -> bool:
        """Whether one more is allowed now."""
        now = time.monotonic()
        burst = max(per_s, 1.0)
        self._tokens = min(burst, self._tokens + (now - self._filled) * per_s)
        self._filled = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Partner:
    """The service's state and its handlers."""

    def __init__(self, ledger: Ledger) -> None:
        self.control = Control()
        self._ledger = ledger
        self._rate = _RateLimit()
        self.registry = CollectorRegistry()
        self._answers = Counter(
            "partner_charges_total", "Charges by answer.", ("outcome",), registry=self.registry
        )
        self._tokens = Counter(
            "partner_tokens_total", "Questions about tokens by answer.", ("outcome",), registry=self.registry
        )
        self._in_progress = Gauge(
            "partner_requests_in_progress",
            "Charges and questions about tokens in work.",
            registry=self.registry,
        )
        Gauge("partner_charges_kept", "Charges in memory.", registry=self.registry).set_function(
            lambda: len(self._ledger)
        )
        ProcessCollector(registry=self.registry)

    def app(self) -> Starlette:
        """The service."""
        return Starlette(
            routes=[
                Route("/v1/charges", self.charge, methods=["POST"]),
                Route("/v1/charges/{key}", self.find, methods=["GET"]),
                Route("/v1/tokens", self.token, methods=["POST"]),
                Route("/v1/statement", self.statement, methods=["GET"]),
                Route("/control", self.show_control, methods=["GET"]),
                Route("/control", self.set_control, methods=["PUT"]),
                Route("/metrics", self.metrics, methods=["GET"]),
                Route("/healthz", self.healthz, methods=["GET"]),
            ]
        )

    async def charge(self, request: Request) -> Response:
        """Charge a key once."""
        key = request.headers.get("idempotency-key", "")
        if not 1 <= len(key) <= 200:
            return _error(400, "no_key", "the header Idempotency-Key is missing")
        raw = await request.body()
        try:
            body = ChargeBody.model_validate_json(raw[:MAX_BODY_BYTES])
        except ValidationError as error:
            return _error(400, "bad_charge", _first_problem(error))
        with self._in_progress.track_inprogress():
            response, outcome = await self._answer(key, body)
        self._answers.labels(outcome).inc()
        return response

    async def token(self, request: Request) -> Response:
        """Say that a token is known: every one is, also those that are declined at the charge."""
        raw = await request.body()
        try:
            body = TokenBody.model_validate_json(raw[:MAX_BODY_BYTES])
        except ValidationError as error:
            return _error(400, "bad_token", _first_problem(error))
        with self._in_progress.track_inprogress():
            trouble = await self._trouble(self.control)
        response, outcome = trouble or (JSONResponse({"token": body.token, "known": True}), "known")
        self._tokens.labels(outcome).inc()
        return response

    async def _trouble(self, control: Control) -> tuple[Response, str] | None:
        """Take the time that an answer takes; a refusal and its outcome where that is the answer."""
        if control.rate_limit_per_s and not self._rate.take(control.rate_limit_per_s):
            answer = _error(429, "rate_limited", "too many requests")
            answer.headers["Retry-After"] = "1"
            return answer, "rate_limited"
        if control.delay_ms or control.jitter_ms:
            await asyncio.sleep((control.delay_ms + random.uniform(0, control.jitter_ms)) / 1000)
        if random.random() < control.error_ratio:
            return _error(500, "internal", "the partner failed"), "error"
        return None

    async def _answer(self, key: str, body: ChargeBody) -> tuple[Response, str]:
        control = self.control
        if trouble := await self._trouble(control):
            return trouble
        if known := self._ledger.find(key):
            if (known.amount_cents, known.currency) != (body.amount_cents, body.currency):
                return _error(409, "key_reused", "this key was used for another charge"), "conflict"
            return JSONResponse(known.model_dump()), "repeated"
        charge = Charge(
            charge_id=f"ch_{uuid4().hex}",
            key=key,
            status="declined" if body.token.startswith(DECLINED) else "succeeded",
            amount_cents=body.amount_cents,
            currency=body.currency,
            reference=body.reference,
            at=time.time(),
        )
        if random.random() >= control.forget_ratio:
            self._ledger.add(charge)
        return JSONResponse(charge.model_dump(), status_code=201), charge.status

    async def find(self, request: Request) -> Response:
        """One charge."""
        charge = self._ledger.find(request.path_params["key"])
        if charge is None:
            return _error(404, "no_charge", "nothing was charged with this key")
        return JSONResponse(charge.model_dump())

    async def statement(self, request: Request) -> Response:
        """Charges since a time."""
        try:
            since = float(request.query_params.get("since", "0"))
        except ValueError:
            return _error(400, "bad_since", "since: seconds since 1970")
        return JSONResponse({"charges": [charge.model_dump() for charge in self._ledger.since(since)]})

    async def show_control(self, _request: Request) -> Response:
        """The switches as they are."""
        return JSONResponse(self.control.model_dump())

    async def set_control(self, request: Request) -> Response:
        """Set the switches; those that are not named are turned off."""
        try:
            self.control = Control.model_validate_json(await request.body())
        except ValidationError as error:
            return _error(400, "bad_control", _first_problem(error))
        log.warning("partner switched", **self.control.model_dump())
        return JSONResponse(self.control.model_dump())

    async def metrics(self, _request: Request) -> Response:
        """Figures for Prometheus."""
        return Response(generate_latest(self.registry), headers={"Content-Type": CONTENT_TYPE})

    async def healthz(self, _request: Request) -> Response:
        """Alive."""
        return JSONResponse({"status": "ok"})


def _error(status: int, code: str, message: str) -> Response:
    return JSONResponse({"error": {"code": code, "message": message}}, status_code=status)


def _first_problem(error: ValidationError) -> str:
    problem = json.loads(error.json(include_url=False, include_context=False, include_input=False))[0]
    place = ".".join(map(str, problem["loc"]))
    return f"{place}: {problem['msg']}" if place else str(problem["msg"])


async def _serve(settings: Settings, listen: str) -> None:
    ledger = Ledger(settings.partner.max_charges, settings.partner.directory)
    try:
        host, port = address_of(listen)
        await serve_until(make_server(Partner(ledger).app(), host, port), stop_event())
    finally:
        ledger.close()


def run(settings: Settings, instance: str, listen: str) -> None:
    """Serve on `listen` (`host:port`) until SIGTERM or SIGINT, then return; bounded.

    Raises:
        SystemExit: the address is taken.
    """
    logs.configure(settings.observability.logs, instance)
    uvloop.run(_serve(settings, listen))
