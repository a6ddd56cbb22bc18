"""The relay: hands promised jobs over from the database to the queues.

A row is marked as sent in the transaction that locks it, after the queue has taken the job: when anything
fails between, the job is handed over again, so that it runs at least once. Several relays share the work
(SKIP LOCKED). NOTIFY wakes a relay at once; it also looks every `poll_ms`.

The queues may lose what they hold (Valkey restarted without its data, or evicted it). A key that the relay
keeps beside them shows the first: when it is gone, everything unfinished is handed over again. For the
second there is `resend_after_s`.
"""

import threading
import time

import psycopg
import redis
from dramatiq.errors import BrokerConnectionError
from psycopg.rows import dict_row

from storefront.database import conninfo
from storefront.jobs.broker import ShopBroker
from storefront.jobs.catalogue import message_of
from storefront.jobs.context import JobContext
from storefront.jobs.queries import Connection, Row
from storefront.logs import get_logger

CHANNEL = "outbox"
PAUSE_S = 1.0
PURGE_EVERY_S = 60.0

log = get_logger(__name__)


class OutboxRelay(threading.Thread):
    """A daemon thread of a payments worker, with a connection of its own."""

    def __init__(self, context: JobContext, broker: ShopBroker, process: str) -> None:
        super().__init__(name="outbox-relay", daemon=True)
        self._context = context
        self._broker = broker
        self._conninfo = conninfo(context.settings.database, f"{process}-outbox")
        self._epoch_key = f"{broker.namespace}:epoch"
        self._stopping = threading.Event()
        self._next_purge = 0.0
        self._down = ""

    def stop(self) -> None:
        """Hand over nothing more. Does not wait: what is under way is safe in the database."""
        self._stopping.set()

    def run(self) -> None:
        """Relay until stopped; an outage of either side is waited out."""
        while not self._stopping.is_set():
            try:
                with psycopg.connect(self._conninfo, autocommit=True, row_factory=dict_row) as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    self._serve(connection)
            except (psycopg.Error, redis.RedisError, BrokerConnectionError) as error:
                self._tell(f"{type(error).__name__}: {error}".strip())
                self._stopping.wait(PAUSE_S)

    def _tell(self, reason: str) -> None:
        """Log the beginning and the end of an outage, not each attempt."""
        if reason and not self._down:
            log.warning("outbox waits", reason=reason)
        elif self._down and not reason:
            log.info("outbox goes on")
        self._down = reason

    def _serve(self, connection: Connection) -> None:
        while not self._stopping.is_set():
            settings = self._context.settings.workers.outbox
            self._check_epoch(connection)
            while self._relay(connection, "unsent_jobs", entries=settings.batch) == settings.batch:
                if self._stopping.is_set():
                    return
            self._housekeeping(connection)
            self._tell("")
            for _ in connection.notifies(timeout=settings.poll_ms / 1000, stop_after=1):
                pass

    def _check_epoch(self, connection: Connection) -> None:
        if self._broker.client.exists(self._epoch_key):
            return
        again = self._context.queries.change(connection, "unsend_jobs")
        self._broker.client.set(self._epoch_key, int(time.time()))
        if again:
            log.warning("the queues were lost, unfinished jobs are handed over again", count=again)
            self._context.metrics.jobs.resent.inc(again)

    def _relay(self, connection: Connection, query: str, **parameters: object) -> int:
        """Hand over one batch; how many rows."""
        queries, routes = self._context.queries, self._context.settings.workers.routes
        with connection.transaction():
            rows: list[Row] = queries.rows(connection, query, **parameters)
            for row in rows:
                self._broker.enqueue(message_of(row["kind"], row["payload"], routes, outbox_id=row["id"]))
            if rows:
                queries.change(connection, "mark_sent", ids=[row["id"] for row in rows])
        self._context.metrics.jobs.relayed.inc(len(rows))
        return len(rows)

    def _housekeeping(self, connection: Connection) -> None:
        if time.monotonic() < self._next_purge:
            return
        settings = self._context.settings.workers.outbox
        self._next_purge = time.monotonic() + min(PURGE_EVERY_S, settings.resend_after_s / 2)
        again = self._relay(
            connection, "overdue_jobs", resend_after_s=settings.resend_after_s, entries=settings.batch
        )
        if again:
            log.warning("jobs without a sign of life are handed over again", count=again)
            self._context.metrics.jobs.resent.inc(again)
        self._context.queries.change(connection, "purge_outbox", keep_s=settings.keep_s)
