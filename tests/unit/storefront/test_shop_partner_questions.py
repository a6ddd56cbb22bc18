"""The replica's questions to a partner that listens."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from storefront.partner import Control, Ledger, Partner
from storefront.partner_questions import PartnerQuestions, PartnerUnavailableError
from storefront.serving import make_server, serve_until
from storefront.settings.partner import Partner as PartnerSettings

pytestmark = pytest.mark.anyio

PROMPT = Control(delay_ms=0, jitter_ms=0)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@asynccontextmanager
async def listening(partner: Partner) -> AsyncIterator[str]:
    """The URL of a partner that serves."""
    stop = asyncio.Event()
    with socket.create_server(("127.0.0.1", 0)) as bound:
        server = make_server(partner.app(), "127.0.0.1", 0)
        serving = asyncio.create_task(serve_until(server, stop, [bound]))
        try:
            yield f"http://127.0.0.1:{bound.getsockname()[1]}"
        finally:
            stop.set()
            await serving


@asynccontextmanager
async def asking(control: Control, timeout_ms: int = 20_000) -> AsyncIterator[PartnerQuestions]:
    partner = Partner(Ledger(100, None))
    partner.control = control
    async with listening(partner) as url:
        questions = PartnerQuestions(PartnerSettings(url=url, timeout_ms=timeout_ms))
        yield questions
        await questions.close()


async def test_a_token_is_known_also_one_that_is_declined_later() -> None:
    async with asking(PROMPT) as questions:
        await questions.know("tok_visa")
        await questions.know("tok_declined_card")


@pytest.mark.parametrize(
    ("control", "timeout_ms", "reason"),
    [
        (Control(delay_ms=400), 50, "did not answer in time"),
        (PROMPT.model_copy(update={"error_ratio": 1.0}), 20_000, "answered 500"),
        (PROMPT.model_copy(update={"rate_limit_per_s": 1e-9}), 20_000, "answered 429"),
    ],
)
async def test_whatever_else_it_answers_is_no_yes(control: Control, timeout_ms: int, reason: str) -> None:
    async with asking(control, timeout_ms) as questions:
        with pytest.raises(PartnerUnavailableError, match=reason):
            await questions.know("tok_visa")


async def test_a_partner_that_is_away_cannot_be_reached() -> None:
    questions = PartnerQuestions(PartnerSettings(url="http://127.0.0.1:1"))
    with pytest.raises(PartnerUnavailableError, match="cannot be reached"):
        await questions.know("tok_visa")
    await questions.close()


async def test_a_changed_timeout_is_taken_while_it_runs() -> None:
    async with asking(Control(delay_ms=400), 50) as questions:
        with pytest.raises(PartnerUnavailableError):
            await questions.know("tok_visa")
        questions.configure(PartnerSettings(timeout_ms=60_000))
        await questions.know("tok_visa")


async def test_one_that_was_never_asked_is_closed_without_a_client() -> None:
    await PartnerQuestions(PartnerSettings()).close()
