"""What surrounds every job: figures and a log line, retries, and the mark that the outbox waits for."""

import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import cast

import psycopg
import structlog
from dramatiq.broker import Broker, MessageProxy
from dramatiq.common import compute_backoff
from dramatiq.errors import BrokerConnectionError
from dramatiq.middleware import Middleware
from psycopg_pool import PoolTimeout

from storefront import tracing
from storefront.jobs.broker import ShopBroker
from storefront.jobs.catalogue import OUTBOX_ID, REQUEST_ID
from storefront.jobs.context import JobContext
from storefront.jobs.errors import JobFailedError
from storefront.logs import get_logger
from storefront.metrics import JobMetrics
from storefront.settings.workers import ENDLESS, Acknowledge, WorkerType
from storefront.settings.workers import Retries as RetrySettings

RETRIES = "retries"
ERROR = "error"
READY_AT = "ready_at"
"""Milliseconds since the epoch from which a retried job could run; a new one could from its timestamp."""

BROKER_PAUSE_S = 0.5

log = get_logger("storefront.job")


def ready_at_ms(timestamp_ms: int, options: dict[str, object]) -> int:
    """From when a message could run, in milliseconds since the epoch."""
    ready = options.get(READY_AT)
    return max(timestamp_ms, ready) if isinstance(ready, int) else timestamp_ms


@dataclass
class _Running:
    """The job that a thread works on."""

    started: float
    scope: ExitStack


class Recorder(Middleware):
    """Counts, times, logs and traces every attempt. Stands before `JobRetries`, whose outcome it tells."""

    def __init__(self, metrics: JobMetrics) -> None:
        self._metrics = metrics
        self._running = threading.local()

    def before_process_message(self, broker: Broker, message: MessageProxy) -> None:
        """A job begins."""
        fields = {"job_id": message.message_id, "actor": message.actor_name}
        if request_id := message.options.get(REQUEST_ID):
            fields[REQUEST_ID] = str(request_id)
        scope = ExitStack()
        scope.enter_context(structlog.contextvars.bound_contextvars(**fields))
        scope.enter_context(tracing.span("job", actor=message.actor_name, job_id=message.message_id))
        self._running.job = _Running(time.perf_counter(), scope)
        waited_ms = time.time() * 1000 - ready_at_ms(message.message_timestamp, message.options)
        self._metrics.started(message.actor_name, max(0.0, waited_ms / 1000))

    def after_process_message(
        self,
        broker: Broker,
        message: MessageProxy,
        *,
        result: object = None,
        exception: BaseException | None = None,
    ) -> None:
        """An attempt ended."""
        running: _Running | None = getattr(self._running, "job", None)
        if running is None:
            return
        self._running.job = None
        duration_s = time.perf_counter() - running.started
        outcome = "succeeded" if exception is None else "dead" if message.failed else "failed"
        self._metrics.ended(message.actor_name, message.queue_name, outcome, duration_s)
        fields = {"queue": message.queue_name, "outcome": outcome, "duration_ms": round(duration_s * 1000, 2)}
        if exception is None:
            log.info("job", **fields)
        else:
            expected = isinstance(exception, JobFailedError | psycopg.OperationalError | PoolTimeout)
            log.warning(
                "job",
                **fields,
                attempt=message.options.get(RETRIES, 0),
                error=str(exception) or type(exception).__name__,
                arguments=message.kwargs,
                exc_info=None if expected else exception,
            )
        running.scope.close()

    after_skip_message = after_process_message


class JobRetries(Middleware):
    """Puts a failed job back after a growing wait, or makes it a dead letter.

    Unlike Dramatiq's own it can retry at once and without end, takes changed settings while it runs, and does
    not let go of a failed job before the queue has it again.
    """

    def __init__(self, settings: RetrySettings, metrics: JobMetrics) -> None:
        self.settings = settings
        self._metrics = metrics

    def after_process_message(
        self,
        broker: Broker,
        message: MessageProxy,
        *,
        result: object = None,
        exception: BaseException | None = None,
    ) -> None:
        """Decide what becomes of a failed job."""
        if exception is None:
            return
        settings = self.settings
        attempts = int(message.options.get(RETRIES, 0))
        message.options[RETRIES] = attempts + 1
        message.options[ERROR] = f"{type(exception).__name__}: {exception}"[:500]
        if settings.max_retries != ENDLESS and attempts >= settings.max_retries:
            message.fail()
            return
        delay_ms = backoff_ms(settings, attempts)
        message.options[READY_AT] = int(time.time() * 1000) + delay_ms
        self._metrics.retried(message.actor_name, message.queue_name)
        self._put_back(broker, message, delay_ms)

    def _put_back(self, broker: Broker, message: MessageProxy, delay_ms: int) -> None:
        """Dramatiq acknowledges the message once we return or fail: neither before the queue has it again."""
        while True:
            try:
                broker.enqueue(message.copy(), delay=delay_ms or None)
                return
            except BrokerConnectionError as error:
                log.warning("queue unreachable, job kept", error=str(error))
                time.sleep(BROKER_PAUSE_S)
            except BaseException:
                message.fail()
                raise


def backoff_ms(settings: RetrySettings, attempts: int) -> int:
    """The wait before the next attempt: `min_backoff_ms` doubled for each attempt so far, up to the limit."""
    if settings.min_backoff_ms == 0:
        return 0
    _, delay = compute_backoff(
        attempts,
        factor=settings.min_backoff_ms,
        jitter=settings.jitter,
        max_backoff=settings.max_backoff_ms,
    )
    return int(delay)


class OutboxMark(Middleware):
    """Tells the outbox that a job ended, or that it will be tried again. Stands before `JobRetries`."""

    def __init__(self, context: JobContext) -> None:
        self._context = context

    def after_process_message(
        self,
        broker: Broker,
        message: MessageProxy,
        *,
        result: object = None,
        exception: BaseException | None = None,
    ) -> None:
        """Mark the row. When that fails the job is handed over once more, which does no harm."""
        if exception is None:
            self.done(message)
        elif not message.failed:
            self._mark(message, "mark_sent")

    def after_nack(self, broker: Broker, message: MessageProxy) -> None:
        """The job is a dead letter: it ended, and is seen there."""
        self.done(message)

    def done(self, message: MessageProxy) -> None:
        """Tell the outbox that a job ended: it is not handed over again."""
        self._mark(message, "mark_done")

    def _mark(self, message: MessageProxy, query: str) -> None:
        outbox_id = message.options.get(OUTBOX_ID)
        if outbox_id is None:
            return
        try:
            with self._context.pool.connection() as connection:
                self._context.queries.change(connection, query, ids=[outbox_id])
        except (psycopg.Error, PoolTimeout) as error:
            log.warning("outbox not marked", outbox_id=outbox_id, error=str(error))


class EarlyAcknowledgement(Middleware):
    """Takes a job off its queue before it is begun, and tells the outbox that it ended.

    A worker that dies takes its jobs along. One that fails while its worker lives is tried again as ever.
    """

    def __init__(self, mark: OutboxMark) -> None:
        self._mark = mark

    def before_process_message(self, broker: Broker, message: MessageProxy) -> None:
        """Wait until the queue has let go: while it cannot be asked, the job stays there and is not begun."""
        while True:
            try:
                cast(ShopBroker, broker).acknowledge_early(message)
                break
            except BrokerConnectionError as error:
                log.warning("queue unreachable, job not begun", error=str(error))
                time.sleep(BROKER_PAUSE_S)
        self._mark.done(message)


def middleware_of(context: JobContext, worker_type: WorkerType) -> tuple[Middleware, ...]:
    """The middleware of one worker, outermost first."""
    own = context.settings.workers.of(worker_type)
    mark = OutboxMark(context)
    early = (EarlyAcknowledgement(mark),) if own.acknowledge is Acknowledge.BEFORE else ()
    return (
        Recorder(context.metrics.jobs),
        mark,
        JobRetries(own.retries, context.metrics.jobs),
        *early,
    )
