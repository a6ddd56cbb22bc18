"""One worker process."""

import functools
import signal
import sys
import threading
from collections.abc import Callable

import dramatiq
from dramatiq.middleware import TimeLimit

from storefront import logs, tracing
from storefront.jobs.broker import ShopBroker, make_broker, make_client
from storefront.jobs.catalogue import JOBS, queue_of
from storefront.jobs.context import JobContext, make_context
from storefront.jobs.errors import JobFailedError
from storefront.jobs.middleware import JobRetries, middleware_of
from storefront.jobs.outbox import OutboxRelay
from storefront.jobs.queues import QueueCollector, Queues
from storefront.jobs.status_server import serve
from storefront.metrics import Metrics
from storefront.settings import Settings
from storefront.settings.workers import WorkerType

DELAYED_PER_THREAD = 1000
"""Delayed messages that a process keeps in memory, per thread (Dramatiq's own figure)."""

_SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}

log = logs.get_logger(__name__)


class WorkerProcess:
    """The threads of one worker: those of Dramatiq, the status server, and with payments the outbox relay."""

    def __init__(self, settings: Settings, worker_type: WorkerType, instance: str) -> None:
        self._type = worker_type
        self._settings = settings
        self.metrics = Metrics(settings.observability.metrics)
        self._context: JobContext = make_context(settings, worker_type, self.metrics, instance)
        self._middleware = middleware_of(self._context, worker_type)
        limit = TimeLimit(time_limit=settings.workers.of(worker_type).time_limit_ms)
        self._broker: ShopBroker = make_broker(settings, [*self._middleware, limit])
        self._worker = self._make_worker()
        self._relay = (
            OutboxRelay(self._context, self._broker, instance) if worker_type is WorkerType.PAYMENTS else None
        )
        queues = Queues(make_client(settings), settings.workers.namespace)
        self.metrics.registry.register(QueueCollector(queues, settings.workers.routes.queues()))

    def _make_worker(self) -> dramatiq.Worker:
        workers = self._settings.workers
        own = workers.of(self._type)
        for job in JOBS.values():
            dramatiq.Actor(
                functools.partial(job.run, self._context),
                broker=self._broker,
                actor_name=job.name,
                queue_name=queue_of(job.name, workers.routes),
                priority=0,
                options={"throws": JobFailedError},
            )
        for name in own.queues:
            self._broker.declare_queue(name)
        worker = dramatiq.Worker(
            self._broker,
            queues=set(own.queues),
            worker_timeout=workers.idle_poll_ms,
            worker_threads=own.concurrency,
        )
        worker.queue_prefetch = own.prefetch or 2 * own.concurrency
        worker.delay_prefetch = DELAYED_PER_THREAD * own.concurrency
        return worker

    def start(self) -> None:
        """Begin to work. Neither PostgreSQL nor Valkey need be there yet."""
        self._context.pool.open(wait=False)
        self._broker.emit_after("process_boot")
        self._worker.start()
        if self._relay:
            self._relay.start()

    def healthy(self) -> bool:
        """Whether every thread that should run does."""
        threads: list[threading.Thread] = [*self._worker.workers, *self._worker.consumers.values()]
        if self._relay:
            threads.append(self._relay)
        return bool(threads) and all(thread.is_alive() for thread in threads)

    def configure(self, settings: Settings) -> None:
        """Take what can change while we run.

        Raises:
            QueryError: an SQL file is wrong; nothing was changed.
        """
        self._context.configure(settings)
        for middleware in self._middleware:
            if isinstance(middleware, JobRetries):
                middleware.settings = settings.workers.of(self._type).retries

    def stop(self) -> None:
        """Finish the jobs in work, give back those not begun; bounded by `stop_timeout_ms` and a second.

        What is still in work then is given to another worker when our heartbeat has run out.
        """
        if self._relay:
            self._relay.stop()
        self._worker.stop(timeout=self._settings.workers.stop_timeout_ms)
        self._broker.close()
        self._context.close()
        tracing.shutdown()


def run(
    settings: Settings,
    worker_type: WorkerType | str,
    instance: str,
    listen: str,
    reload: Callable[[], Settings] | None = None,
) -> None:
    """Work until SIGTERM or SIGINT, then finish and return; bounded.

    `instance` names this process in logs, traces and PostgreSQL; `/metrics` and `/healthz` are served on
    `listen` (`host:port`). On SIGHUP, `reload` gives the settings anew; an error of its keeps what was.

    Raises:
        SystemExit: `listen` is taken (it is logged).
    """
    # Blocked before there is any other thread, which inherits that: all of them come to `_next`. A handler of
    # Python's would be lost until the next signal when it came just before a thread waits for a lock.
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    for signum in _SIGNALS:
        signal.signal(signum, signal.SIG_DFL)  # one that whoever started us ignores would never be pending
    logs.configure(settings.observability.logs, instance)
    tracing.configure(settings.observability.tracing, instance)
    process = WorkerProcess(settings, WorkerType(worker_type), instance)
    try:
        serve(listen, process.metrics.render, process.healthy)
    except OSError as error:
        log.error("cannot listen", listen=listen, reason=str(error))  # noqa: TRY400 - nothing of ours failed
        sys.exit(1)
    process.start()
    log.info("worker started", type=str(worker_type), listen=listen)
    while _next() == signal.SIGHUP:
        if reload is not None:
            _reload(process, reload, instance)
    process.stop()
    log.info("worker stopped", type=str(worker_type))


def _next() -> int:
    """Wait for signals; a stop goes before any number of reloads, and several reloads are one."""
    received = signal.sigwait(_SIGNALS)
    while received == signal.SIGHUP and signal.sigpending() & _SIGNALS:
        received = signal.sigwait(_SIGNALS)
    return received


def _reload(process: WorkerProcess, reload: Callable[[], Settings], instance: str) -> None:
    try:
        settings = reload()
        process.configure(settings)
    except Exception:  # whatever is wrong with the new files, the old settings go on
        log.exception("settings not taken")
        return
    logs.configure(settings.observability.logs, instance)
    log.info("settings taken")
