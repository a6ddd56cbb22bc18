from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import httpx
import pytest

from storefront.partner import FILE, Ledger, Partner

pytestmark = pytest.mark.anyio

BODY = {"token": "tok_visa", "amount_cents": 1234, "currency": "EUR", "reference": "order 1"}
Charge = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@asynccontextmanager
async def client_of(partner: Partner) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=partner.app())
    async with httpx.AsyncClient(transport=transport, base_url="http://partner.test") as client:
        yield client


async def charge(client: httpx.AsyncClient, key: str = "k", /, **changes: object) -> httpx.Response:
    return await client.post("/v1/charges", json=BODY | changes, headers={"Idempotency-Key": key})


async def test_a_key_is_charged_once() -> None:
    async with client_of(Partner(Ledger(100, None))) as client:
        first, second = await charge(client), await charge(client)
        assert (first.status_code, second.status_code) == (201, 200)
        assert first.json() == second.json()
        assert (await client.get("/v1/charges/k")).json() == first.json()
        assert len((await client.get("/v1/statement")).json()["charges"]) == 1
        assert (await charge(client, amount_cents=1)).status_code == 409


async def test_some_tokens_are_declined() -> None:
    async with client_of(Partner(Ledger(100, None))) as client:
        assert (await charge(client, token="tok_declined_x")).json()["status"] == "declined"


async def test_two_charges_at_once_with_one_key_make_one() -> None:
    async with client_of(Partner(Ledger(100, None))) as client:
        await client.put("/control", json={"delay_ms": 5})
        answers: list[httpx.Response] = []

        async def one() -> None:
            answers.append(await charge(client))

        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(one)
        assert len({answer.json()["charge_id"] for answer in answers}) == 1


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"amount_cents": 0}, "amount_cents"),
        ({"currency": "euro"}, "currency"),
        ({"nonsense": 1}, "nonsense"),
        ({"token": ""}, "token"),
    ],
)
async def test_a_wrong_charge_is_refused(body: dict[str, object], message: str) -> None:
    async with client_of(Partner(Ledger(100, None))) as client:
        answer = await charge(client, **body)
        assert answer.status_code == 400
        assert answer.json()["error"]["message"].startswith(message)


async def test_the_key_is_needed() -> None:
    async with client_of(Partner(Ledger(100, None))) as client:
        assert (await client.post("/v1/charges", json=BODY)).json()["error"]["code"] == "no_key"


async def test_switches_fail_limit_and_forget() -> None:
    async with client_of(Partner(Ledger(100, None))) as client:
        await client.put("/control", json={"error_ratio": 1})
        assert (await charge(client, "a")).status_code == 500
        await client.put("/control", json={"rate_limit_per_s": 0.01})
        limited = [await charge(client, key) for key in ("b", "c")]
        assert limited[1].status_code == 429
        assert limited[1].headers["retry-after"] == "1"
        await client.put("/control", json={"forget_ratio": 1})
        assert (await charge(client, "d")).status_code == 201
        assert (await client.get("/v1/charges/d")).status_code == 404
        assert (await client.put("/control", json={})).json() == {
            "delay_ms": 100,
            "jitter_ms": 100,
            "error_ratio": 0,
            "rate_limit_per_s": 0,
            "forget_ratio": 0,
        }
        refused = await client.put("/control", json={"error_ratio": 2})
        assert refused.status_code == 400
        assert "error_ratio" in refused.json()["error"]["message"]


async def test_every_token_is_known_and_counted_apart_from_charges() -> None:
    async with client_of(Partner(Ledger(100, None))) as client:
        await client.put("/control", json={"delay_ms": 0, "jitter_ms": 0})
        for token in ("tok_visa", "tok_declined_x"):
            answer = await client.post("/v1/tokens", json={"token": token})
            assert (answer.status_code, answer.json()) == (200, {"token": token, "known": True})
        figures = (await client.get("/metrics")).text
        assert 'partner_tokens_total{outcome="known"} 2.0' in figures
        assert "partner_charges_total{" not in figures
        assert "partner_charges_kept 0.0" in figures


@pytest.mark.parametrize("body", [{}, {"token": ""}, {"token": "t", "amount_cents": 1}])
async def test_a_wrong_question_is_refused(body: dict[str, object]) -> None:
    async with client_of(Partner(Ledger(100, None))) as client:
        answer = await client.post("/v1/tokens", json=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_token")


async def test_questions_about_tokens_have_the_troubles_of_charges() -> None:
    async with client_of(Partner(Ledger(100, None))) as client:
        question = {"token": "tok_visa"}
        await client.put("/control", json={"delay_ms": 0, "jitter_ms": 0, "error_ratio": 1})
        assert (await client.post("/v1/tokens", json=question)).status_code == 500
        await client.put("/control", json={"delay_ms": 0, "jitter_ms": 0, "rate_limit_per_s": 0.01})
        limited = [await client.post("/v1/tokens", json=question) for _ in range(2)]
        assert (limited[1].status_code, limited[1].headers["retry-after"]) == (429, "1")
        figures = (await client.get("/metrics")).text
        assert 'partner_tokens_total{outcome="error"} 1.0' in figures
        assert 'partner_tokens_total{outcome="rate_limited"}' in figures


async def test_charges_survive_a_restart_and_a_damaged_last_line(tmp_path: Path) -> None:
    ledger = Ledger(100, tmp_path)
    async with client_of(Partner(ledger)) as client:
        made = (await charge(client)).json()
    ledger.close()
    with (tmp_path / FILE).open("a") as file:
        file.write('{"charge_id": "half')
    async with client_of(Partner(Ledger(100, tmp_path))) as client:
        assert (await client.get("/v1/charges/k")).json() == made


async def test_memory_is_bounded() -> None:
    ledger = Ledger(3, None)
    async with client_of(Partner(ledger)) as client:
        for key in "abcde":
            await charge(client, key)
        assert len(ledger) == 3
        assert (await client.get("/v1/charges/a")).status_code == 404
        since = (await client.get("/v1/charges/e")).json()["at"]
        kept = (await client.get(f"/v1/statement?since={since}")).json()["charges"]
        assert [kept_charge["key"] for kept_charge in kept] == ["e"]
        assert (await client.get("/v1/statement?since=x")).status_code == 400
