from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest

from storefront.jobs.charges import charge_payment
from storefront.jobs.context import JobContext, make_context
from storefront.jobs.errors import PartnerError
from storefront.jobs.partner_client import ChargeRequest
from storefront.metrics import Metrics
from storefront.settings import parse
from storefront.settings.workers import WorkerType


class Partner:
    """Never answers in time; remembers what it was sent."""

    def __init__(self) -> None:
        self.sent: list[ChargeRequest] = []

    def configure(self, settings: object) -> None:
        pass

    def close(self) -> None:
        pass

    def charge(self, request: ChargeRequest) -> None:
        self.sent.append(request)
        raise PartnerError("too late", "timeout")


class Database:
    """Has one pending payment."""

    queries: object = None

    @contextmanager
    def connection(self) -> Iterator[None]:
        yield

    def row(self, _connection: None, _query: str, *, order_id: int) -> dict[str, Any]:
        return {"status": "pending", "token": "tok", "amount_cents": 5, "currency": "EUR"}

    def close(self, timeout: float) -> None:
        pass


@pytest.fixture
def context() -> JobContext:
    settings = parse("")
    metrics = Metrics(settings.observability.metrics)
    made = make_context(settings, WorkerType.PAYMENTS, metrics, "worker-payments")
    made.close()
    database: Any = Database()
    made.pool, made.queries, made.partner = database, database, cast(Any, Partner())
    return made


def attempts(context: JobContext, count: int) -> list[ChargeRequest]:
    for _ in range(count):
        with pytest.raises(PartnerError):
            charge_payment(context, order_id=9)
    return cast(Any, context.partner).sent[-count:]  # type: ignore[no-any-return]  # the class above


def test_every_attempt_at_an_order_s_charge_has_the_order_s_key(context: JobContext) -> None:
    assert [request.key for request in attempts(context, 3)] == ["order-9"] * 3


def test_with_a_key_for_each_attempt_they_differ_and_stay_about_the_order(context: JobContext) -> None:
    context.configure(parse('[partner]\ncharge_key = "attempt"\n'))
    sent = attempts(context, 3)
    assert len({request.key for request in sent}) == 3
    assert all(request.key.startswith("order-9-") for request in sent)
    assert {request.reference for request in sent} == {"order 9"}
    context.configure(parse(""))
    assert attempts(context, 1)[0].key == "order-9"
