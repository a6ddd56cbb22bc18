"""The HTTP API of a drill: routes, and nothing but routes. The work is done in `engine` and `operations`."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from drillyard.base.errors import UserError
from drillyard.drill import faulting
from drillyard.drill.client import COMMAND_HEADER
from drillyard.drill.content import scenario_of
from drillyard.drill.disasters import Disasters
from drillyard.drill.engine import Engine
from drillyard.drill.fault_views import FaultsView
from drillyard.drill.observations import Observations
from drillyard.drill.overview import Overview
from drillyard.drill.pages import Pages
from drillyard.drill.readings_now import KnownQueues, readings_now
from drillyard.drill.recovery_views import RecoveriesView, view_of
from drillyard.drill.results import Results
from drillyard.drill.views import HintRequest, NoteRequest, OperationsView, TimelineView
from drillyard.drill.wire import REQUEST, ErrorAnswer, ErrorBody, Inject

Handler = Callable[[Request], Awaitable[Response]]


def build(engine: Engine) -> Starlette:
    """The application of one drill."""
    api = _Api(engine)
    return Starlette(
        routes=[
            Route("/status", api.status),
            Route("/brief", api.brief),
            Route("/access", api.access),
            Route("/tasks/{task}", api.task),
            Route("/timeline", api.timeline),
            Route("/operations", api.operations, methods=["GET"]),
            Route("/operations", api.begin, methods=["POST"]),
            Route("/operations/{id:int}", api.operation, methods=["GET"]),
            Route("/operations/{id:int}", api.cancel, methods=["DELETE"]),
            Route("/operations/{id:int}/events", api.events),
            Route("/hints/{task}", api.hints, methods=["GET"]),
            Route("/hints", api.take_hint, methods=["POST"]),
            Route("/notes", api.notes, methods=["GET"]),
            Route("/notes", api.write_note, methods=["POST"]),
            Route("/measurements", api.measurements),
            Route("/measurements/{id}", api.measurement),
            Route("/compare", api.compare),
            Route("/report", api.report),
            Route("/debrief", api.debrief, methods=["POST"]),
            Route("/recoveries", api.recoveries),
            Route("/readings", api.readings),
            Route("/faults", api.faults, methods=["GET"]),
            Route("/faults", api.inject, methods=["POST"]),
            Route("/faults/{number:int}", api.end_fault, methods=["DELETE"]),
            Route("/shell", api.shell),
            Route("/logs", api.log_names),
            Route("/logs/{component}", api.logs),
        ],
        exception_handlers={
            UserError: api.user_error,
            ValidationError: api.invalid,
            HTTPException: api.http_error,
            Exception: api.bug,
        },
    )


class _Api:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        scenario = scenario_of(engine.record.scenario)
        self._pages = Pages(engine.record, engine.store, scenario)
        self._overview = Overview(engine, scenario, self._pages)
        self._results = Results(engine.places, engine.store, engine.record, scenario)
        self._observations = Observations(engine.places.private)
        self._queues = KnownQueues()

    async def status(self, request: Request) -> Response:
        self._touch(request)
        return _json(await self._overview.status())

    async def brief(self, request: Request) -> Response:
        self._touch(request)
        return _json(self._pages.brief(self._overview.url()))

    async def access(self, request: Request) -> Response:
        self._touch(request)
        return _json(self._overview.access())

    async def task(self, request: Request) -> Response:
        self._touch(request)
        return _json(self._pages.task(request.path_params["task"]))

    async def timeline(self, request: Request) -> Response:
        after = _number(request, "after", 0)
        return _json(TimelineView(entries=self._engine.store.timeline(after=after)))

    async def operations(self, request: Request) -> Response:
        return _json(OperationsView(operations=self._engine.operations.all()))

    async def begin(self, request: Request) -> Response:
        self._touch(request)
        wanted = REQUEST.validate_json(await request.body())
        return _json(await self._engine.operations.begin(wanted), 202)

    async def operation(self, request: Request) -> Response:
        return _json(self._engine.operations.view(request.path_params["id"]))

    async def cancel(self, request: Request) -> Response:
        self._touch(request)
        return _json(await self._engine.operations.cancel(request.path_params["id"]))

    async def events(self, request: Request) -> Response:
        number = request.path_params["id"]
        self._engine.operations.view(number)
        start = _number(request, "from", 0)

        async def lines() -> AsyncIterator[str]:
            async for line in self._engine.operations.follow(number, start):
                yield line.model_dump_json() + "\n"

        return StreamingResponse(lines(), media_type="application/x-ndjson")

    async def hints(self, request: Request) -> Response:
        self._touch(request)
        return _json(self._pages.hints(request.path_params["task"]))

    async def take_hint(self, request: Request) -> Response:
        self._touch(request)
        wanted = HintRequest.model_validate_json(await request.body())
        return _json(self._pages.take_hint(wanted.task))

    async def notes(self, request: Request) -> Response:
        self._touch(request)
        return _json(self._pages.notes())

    async def write_note(self, request: Request) -> Response:
        self._touch(request)
        wanted = NoteRequest.model_validate_json(await request.body())
        return _json(self._pages.write_note(wanted.text))

    async def measurements(self, request: Request) -> Response:
        self._touch(request)
        return _json(self._results.measurements())

    async def measurement(self, request: Request) -> Response:
        self._touch(request)
        everything = request.query_params.get("all") == "1"
        return _json(self._results.measurement(request.path_params["id"], everything=everything))

    async def compare(self, request: Request) -> Response:
        self._touch(request)
        one, other = request.query_params.get("a", ""), request.query_params.get("b", "")
        return _json(self._results.compare(one, other))

    async def report(self, request: Request) -> Response:
        self._touch(request)
        attempt = _number(request, "attempt", 0)
        return _json(self._results.report(attempt or None))

    async def debrief(self, request: Request) -> Response:
        self._touch(request)
        return _json(self._results.debrief())

    async def recoveries(self, request: Request) -> Response:
        self._touch(request)
        disasters = Disasters(self._engine.places)
        views = [view_of(each) for each in disasters.all()]
        current = disasters.open
        return _json(RecoveriesView(recoveries=views, open=current.number if current else None))

    async def readings(self, request: Request) -> Response:
        self._touch(request)
        view = self._queues.complete(await readings_now(self._engine, _seconds(request, 5.0)))
        await asyncio.to_thread(self._observations.keep, view)
        return _json(view)

    async def faults(self, request: Request) -> Response:
        self._touch(request)
        on, links = faulting.on_now(self._engine), faulting.links(self._engine)
        return _json(FaultsView(on=on, kinds=faulting.known(), links=links))

    async def inject(self, request: Request) -> Response:
        self._touch(request)
        asked = Inject.model_validate_json(await request.body())
        return _json(await faulting.inject(self._engine, asked), 201)

    async def end_fault(self, request: Request) -> Response:
        self._touch(request)
        await faulting.end(self._engine, request.path_params["number"])
        return _json(FaultsView(on=faulting.on_now(self._engine), kinds=[]))

    async def shell(self, request: Request) -> Response:
        self._touch(request)
        return _json(self._overview.shell())

    async def log_names(self, request: Request) -> Response:
        return PlainTextResponse("\n".join(self._overview.log_names()))

    async def logs(self, request: Request) -> Response:
        self._touch(request)
        lines = _number(request, "lines", 50)
        follow = request.query_params.get("follow") == "1"
        stream = self._overview.logs(request.path_params["component"], lines=lines, follow=follow)
        return StreamingResponse(stream, media_type="text/plain")

    async def user_error(self, request: Request, error: Exception) -> Response:
        return _error(ErrorBody.of(error))

    async def invalid(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, ValidationError)
        found = error.errors()[0]
        where = ".".join(str(part) for part in found["loc"]) or "the body"
        return _error(ErrorBody(code="usage", what=f"The request is not valid: {found['msg']}", where=where))

    async def http_error(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        code = "not-found" if error.status_code == 404 else "usage"
        body = ErrorBody(code=code, what=error.detail, where=f"{request.method} {request.url.path}")
        return _error(body, status=error.status_code)

    async def bug(self, request: Request, error: Exception) -> Response:
        return _error(ErrorBody.of(error, log=str(self._engine.places.log)))

    def _touch(self, request: Request) -> None:
        self._engine.seen()
        if command := request.headers.get(COMMAND_HEADER):
            self._engine.store.touch(command)


def _json(model: BaseModel, status: int = 200) -> Response:
    return Response(model.model_dump_json(), status_code=status, media_type="application/json")


def _error(body: ErrorBody, status: int | None = None) -> Response:
    return _json(ErrorAnswer(error=body), status or body.http_status)


def _seconds(request: Request, default: float) -> float:
    text = request.query_params.get("seconds", str(default))
    try:
        return float(text)
    except ValueError:
        raise UserError(f"`seconds` has to be a number, not `{text}`", where=request.url.path) from None


def _number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, str(default))
    if not text.isdigit():
        raise UserError(f"`{name}` has to be a whole number, not `{text}`", where=request.url.path)
    return int(text)
