from collections.abc import Iterator

import pytest
import redis
from dramatiq.broker import MessageProxy
from dramatiq.errors import ConnectionClosed
from dramatiq.message import Message
from prometheus_client import CollectorRegistry

from storefront.jobs import middleware as middleware_module
from storefront.jobs.broker import ShopBroker
from storefront.jobs.context import JobContext, make_context
from storefront.jobs.middleware import EarlyAcknowledgement, OutboxMark, middleware_of
from storefront.metrics import Metrics
from storefront.settings import Settings, parse
from storefront.settings.workers import WorkerType

BEFORE = '[workers.payments]\nacknowledge = "before"\n'


def context_of(settings: Settings) -> JobContext:
    metrics = Metrics(settings.observability.metrics, CollectorRegistry())
    return make_context(settings, WorkerType.PAYMENTS, metrics, "worker-payments")


@pytest.fixture
def context() -> Iterator[JobContext]:
    context = context_of(parse(BEFORE))
    yield context
    context.close()


def message() -> MessageProxy:
    options = {"redis_message_id": "id", "outbox_id": 7}
    return MessageProxy(Message("payments", "charge_payment", (), {"order_id": 1}, options))


class Broker(ShopBroker):
    """Writes down what it lets go; the first calls fail."""

    def __init__(self, steps: list[str], failures: int) -> None:
        super().__init__(client=redis.Redis(), middleware=[])
        self._steps = steps
        self._failures = failures

    def do_ack(self, queue_name: str, identifier: str) -> None:
        if self._failures:
            self._failures -= 1
            raise ConnectionClosed("away")  # type: ignore[no-untyped-call]  # it carries no annotations
        self._steps.append(f"let go of {identifier} in {queue_name}")


class Mark(OutboxMark):
    """Writes down what it is told."""

    def __init__(self, context: JobContext, steps: list[str]) -> None:
        super().__init__(context)
        self._steps = steps

    def done(self, message: MessageProxy) -> None:
        self._steps.append(f"marked {message.options['outbox_id']}")


def test_a_job_is_acknowledged_early_only_where_its_type_says_so(context: JobContext) -> None:
    early = [type(each) for each in middleware_of(context, WorkerType.PAYMENTS)]
    late = [type(each) for each in middleware_of(context, WorkerType.NOTIFICATIONS)]
    assert early == [*late, EarlyAcknowledgement]


@pytest.mark.parametrize("failures", [0, 2])
def test_the_queue_lets_go_then_the_outbox_is_told_then_the_job_begins(
    failures: int, context: JobContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(middleware_module, "BROKER_PAUSE_S", 0)
    steps: list[str] = []
    broker = Broker(steps, failures)
    EarlyAcknowledgement(Mark(context, steps)).before_process_message(broker, message())
    assert steps == ["let go of id in payments", "marked 7"]
    assert broker.let_go == {"id"}
