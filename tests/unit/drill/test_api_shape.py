from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from drillyard.assess.recoveries import Disastered
from drillyard.base.errors import InconclusiveError, InvalidFilesError, MissingPartError, Problem, UserError
from drillyard.base.paths import content
from drillyard.drill import app
from drillyard.drill.aftermath import OPEN, disasters_of
from drillyard.drill.app import build
from drillyard.drill.disasters import Disasters
from drillyard.drill.engine import Engine
from drillyard.drill.observations import Observations
from drillyard.drill.operations import Operations
from drillyard.drill.places import create, new_record
from drillyard.drill.readings_now import ReadingsView
from drillyard.drill.store import Store
from drillyard.drill.wire import BusyError, Disaster, ErrorAnswer, ErrorBody, NotFoundError, OperationView

SCENARIO = "performance-optimization"
pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not (content() / "scenarios" / SCENARIO).is_dir(), reason="the scenario is not there"),
]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Engine]:
    monkeypatch.setenv("DRILLYARD_HOME", str(tmp_path / "home"))
    record = new_record(
        name="one", scenario=SCENARIO, variant="1", workspace=tmp_path / "w", traffic=False, scale=0.01
    )
    places = create(record)
    store = Store(places.store)
    store.set("desired", "paused")
    yield Engine(places, record, store)
    store.close()


@pytest.fixture
async def api(engine: Engine) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=build(engine), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://drill") as client:
        yield client


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/nowhere", None, 404, "not-found"),
        ("PUT", "/status", None, 405, "usage"),
        ("GET", "/operations/99", None, 404, "not-found"),
        ("GET", "/operations/99/events", None, 404, "not-found"),
        ("GET", "/timeline?after=soon", None, 422, "usage"),
        ("POST", "/operations", '{"kind": "explode"}', 422, "usage"),
        ("POST", "/operations", "not json", 422, "usage"),
        ("POST", "/notes", '{"text": "  "}', 422, "usage"),
        ("GET", "/tasks/none", None, 422, "usage"),
        ("POST", "/hints", '{"task": "none"}', 422, "usage"),
        ("GET", "/access", None, 422, "usage"),
        ("GET", "/report", None, 422, "usage"),
        ("GET", "/measurements/m9", None, 422, "usage"),
        ("GET", "/compare?a=m1&b=m2", None, 422, "usage"),
        ("GET", "/logs/postgres", None, 422, "usage"),
    ],
)
async def test_every_error_has_one_shape(
    api: httpx.AsyncClient, *, method: str, path: str, body: str | None, status: int, code: str
) -> None:
    answer = await api.request(method, path, content=body)
    assert answer.status_code == status
    assert set(answer.json()) == {"error"}
    assert set(answer.json()["error"]) == {"code", "what", "where", "next_step"}
    error = ErrorAnswer.model_validate_json(answer.content).error
    assert error.code == code
    assert error.what


async def test_a_fault_of_ours_has_the_shape_too(
    api: httpx.AsyncClient, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine.store, "notes", lambda: 1 / 0)
    answer = await api.get("/notes")
    assert answer.status_code == 500
    error = ErrorAnswer.model_validate_json(answer.content).error
    assert (error.code, error.where) == ("bug", str(engine.places.log))


async def test_readings_that_were_answered_are_kept(
    api: httpx.AsyncClient, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def found(_engine: Engine, seconds: float) -> ReadingsView:
        return ReadingsView(began=10.0, ended=10.0 + seconds, readings=[])

    assert (await api.get("/readings")).status_code == 422
    monkeypatch.setattr(app, "readings_now", found)
    assert (await api.get("/readings?seconds=2")).json()["ended"] == 12.0
    assert [each.ended for each in Observations(engine.places.private).all()] == [12.0]


async def test_a_paused_drill_can_be_looked_at(api: httpx.AsyncClient) -> None:
    status = (await api.get("/status")).json()
    assert (status["state"], status["components"]) == ("paused", [])
    assert "resume" in status["next_step"]
    assert (await api.get("/brief")).json()["tasks"]


async def test_an_open_disaster_is_told_of(api: httpx.AsyncClient, engine: Engine) -> None:
    assert (await api.get("/status")).json()["disaster_since"] is None
    disasters = Disasters(engine.places)
    disasters.begin(Disastered(1, "data-gone", "The data are gone", graded=False, struck=1e9))
    assert (await api.get("/status")).json()["disaster_since"] == 1e9


async def test_a_damaged_record_of_a_disaster_does_not_hide_the_status(
    api: httpx.AsyncClient, engine: Engine
) -> None:
    disasters_of(engine.places).mkdir()
    (disasters_of(engine.places) / OPEN).write_text("{")
    status = (await api.get("/status")).json()
    assert status["disaster_since"] is None
    assert "cannot be read" in status["warnings"][0]


async def test_one_that_is_just_striking_is_not_told_of(
    api: httpx.AsyncClient, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    coming = Disastered(1, "data-gone", "The data are gone", graded=False, struck=1e9)
    Disasters(engine.places).begin(coming)
    running = OperationView(id=1, request=Disaster(), state="running", created=1e9, ended=None, events=0)
    monkeypatch.setattr(Operations, "current", running)
    assert (await api.get("/status")).json()["disaster_since"] is None
    Disasters(engine.places).struck(coming, 2e9, "")
    assert (await api.get("/status")).json()["disaster_since"] == 2e9


async def test_a_command_counts_as_activity_and_a_mere_look_does_not(
    api: httpx.AsyncClient, engine: Engine
) -> None:
    await api.get("/status")
    assert engine.store.timeline(kinds=("activity",)) == []
    await api.get("/status", headers={"X-Drill-Command": "status"})
    assert len(engine.store.timeline(kinds=("activity",))) == 1


async def test_hints_are_given_in_order_and_only_so_many(api: httpx.AsyncClient, engine: Engine) -> None:
    tiers = [(await api.post("/hints", json={"task": "1"})).json()["tier"] for _ in range(3)]
    assert tiers == [1, 2, 3]
    assert (await api.post("/hints", json={"task": "1"})).status_code == 422
    assert len((await api.get("/hints/1")).json()["read"]) == 3
    assert len(engine.store.hints()) == 3


@pytest.mark.parametrize(
    "error",
    [
        UserError("what", where="where", next_step="next"),
        MissingPartError("no haproxy"),
        InconclusiveError("too busy"),
        BusyError("apply runs"),
        NotFoundError("no such thing"),
        InvalidFilesError([Problem("a.cfg", 3, "wrong")]),
    ],
)
async def test_an_error_comes_out_of_the_wire_as_it_went_in(error: UserError) -> None:
    back = ErrorBody.model_validate_json(ErrorBody.of(error).model_dump_json()).to_error()
    assert type(back) is type(error)
    assert str(back) == str(error)
    assert back.exit_code == error.exit_code
