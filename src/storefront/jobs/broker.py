"""Dramatiq's Redis broker on Valkey, made to stand what a shop goes through.

Three things differ from `dramatiq.brokers.redis.RedisBroker` 2.2, each seen to lose or delay jobs otherwise:

- every failure of the server (gone, slow, out of memory) is a lost connection to Dramatiq. It recovers from
  those; from others a consumer thread ends while the process seems well;
- messages that this process fetched and then lost sight of (the answer got lost, or the delayed ones that
  Dramatiq drops when the connection breaks) are put back as soon as the server answers again. Dramatiq gives
  back only those of processes that are gone;
- messages of dead workers are looked for at fixed times, not by chance (0.1 % of commands), so that they are
  given to others soon after `heartbeat_timeout_ms`.

And a job can be taken off its queue before it is begun (`acknowledge_early`); Dramatiq's own acknowledgement,
which follows, finds nothing then.
"""
# Dramatiq's Redis broker carries no annotations.
# mypy: disable-error-code="no-untyped-call"

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import redis
from dramatiq.broker import MessageProxy
from dramatiq.brokers.redis import RedisBroker, _RedisConsumer
from dramatiq.errors import ConnectionClosed
from dramatiq.middleware import Middleware

from storefront.logs import get_logger
from storefront.settings import Settings

SOCKET_TIMEOUT_S = 3.0
CONNECT_TIMEOUT_S = 1.0

log = get_logger(__name__)


def broker_url(settings: Settings) -> str:
    """Where the queues are, in redis-py's spelling."""
    url = settings.workers.broker_url or settings.cache.url
    return url.replace("valkey://", "redis://", 1)


def make_client(settings: Settings) -> redis.Redis:
    """A client for the queues. Connects when first used."""
    return redis.Redis.from_url(
        broker_url(settings),
        socket_timeout=SOCKET_TIMEOUT_S,
        socket_connect_timeout=CONNECT_TIMEOUT_S,
        health_check_interval=30,
        driver_info=None,  # or each client looks its own version up in the installation's files
    )


def make_broker(settings: Settings, middleware: list[Middleware] | None = None) -> "ShopBroker":
    """A broker on the settings' Valkey. Connects when first used."""
    workers = settings.workers
    return ShopBroker(
        client=make_client(settings),
        middleware=middleware or [],
        namespace=workers.namespace,
        heartbeat_timeout=workers.heartbeat_timeout_ms,
        dead_message_ttl=workers.dead_letter_ttl_s * 1000,
    )


class ShopBroker(RedisBroker):
    """See the module."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.held: defaultdict[str, set[str]] = defaultdict(set)
        self.let_go: set[str] = set()
        """Ids of the messages in work that their queue has no more."""
        self._turn = threading.local()

    @property
    def consumer_class(self) -> type["ShopConsumer"]:
        """Consumers that put back what they lost sight of."""
        return ShopConsumer

    def _dispatch(self, command: str) -> Callable[..., Any]:
        run = super()._dispatch(command)

        def dispatch(queue_name: str, *args: object) -> Any:
            try:
                return run(queue_name, *args)
            except redis.RedisError as error:
                raise ConnectionClosed(error) from error

        return dispatch

    def _should_do_maintenance(self, command: str) -> int:
        """Whether this command also gives back the messages of dead workers: twice in a heartbeat timeout."""
        if command != "fetch":
            return 0
        now = time.monotonic()
        if now < getattr(self._turn, "next", 0.0):
            return 0
        self._turn.next = now + self.heartbeat_timeout / 2000
        return 1

    def fetched(self, queue_name: str) -> set[str]:
        """Ids of the messages that the server says are with this process."""
        key = f"{self.namespace}:__acks__.{self.broker_id}.{queue_name}"
        try:
            members = self.client.smembers(key)
        except redis.RedisError as error:
            raise ConnectionClosed(error) from error
        return {member.decode() if isinstance(member, bytes) else str(member) for member in members}

    def acknowledge_early(self, message: MessageProxy) -> None:
        """Take a job that is about to begin off its queue: it is gone when this process dies.

        Raises:
            ConnectionClosed: the server does not answer. It may be called again.
        """
        identifier = message.options["redis_message_id"]
        self.let_go.add(identifier)
        self.do_ack(message.queue_name, identifier)

    def take_back(self, queue_name: str, identifier: str, text: bytes) -> None:
        """Undo an early acknowledgement: the job is in its queue again, fetched by this process.

        Raises:
            ConnectionClosed: the server does not answer. It may be called again.
        """
        key = f"{self.namespace}:{queue_name}.msgs"
        fetched = f"{self.namespace}:__acks__.{self.broker_id}.{queue_name}"
        try:
            pipeline = self.client.pipeline()
            pipeline.hset(key, identifier, text)
            pipeline.sadd(fetched, identifier)
            pipeline.execute()
        except redis.RedisError as error:
            raise ConnectionClosed(error) from error

    def update_dead_letter(self, queue_name: str, identifier: str, text: bytes) -> None:
        """Replace the text of a dead letter, if it is still there."""
        key = f"{self.namespace}:{queue_name}.XQ.msgs"
        try:
            if self.client.hexists(key, identifier):
                self.client.hset(key, identifier, text)
        except redis.RedisError as error:
            raise ConnectionClosed(error) from error


class ShopConsumer(_RedisConsumer):
    """Knows which messages are held in this process, and gives back those that the server thinks are.

    One consumer at a time reads a queue in a process, and it alone fetches: between two fetches, what the
    server has marked as fetched and nobody here holds is lost.
    """

    def __init__(self, broker: ShopBroker, queue_name: str, prefetch: int, timeout: int) -> None:
        super().__init__(broker, queue_name, prefetch, timeout)
        self._held = broker.held[queue_name]
        if queue_name.endswith(".DQ"):
            self._held.clear()
        self._next_look = 0.0

    def __next__(self) -> MessageProxy | None:
        """The next message, or None when there is none just now."""
        if not self.message_cache and time.monotonic() >= self._next_look:
            self._give_back()
        message: MessageProxy | None = super().__next__()
        if message is not None:
            self._held.add(message.options["redis_message_id"])
        return message

    def _give_back(self) -> None:
        self._next_look = time.monotonic() + self.broker.heartbeat_timeout / 1000
        lost = self.broker.fetched(self.queue_name) - self._held
        if lost:
            log.warning("jobs given back to their queue", queue=self.queue_name, count=len(lost))
            self.broker.do_requeue(self.queue_name, *lost)

    def ack(self, message: MessageProxy) -> None:
        """The job is done."""
        super().ack(message)
        self._let_go_of(message)

    def nack(self, message: MessageProxy) -> None:
        """The job is a dead letter. Dramatiq keeps it as it was fetched: write down what became of it."""
        identifier = message.options["redis_message_id"]
        if identifier in self.broker.let_go:
            self.broker.take_back(self.queue_name, identifier, message.encode())
        super().nack(message)
        self.broker.update_dead_letter(self.queue_name, identifier, message.encode())
        self._let_go_of(message)

    def _let_go_of(self, message: MessageProxy) -> None:
        identifier = message.options["redis_message_id"]
        self._held.discard(identifier)
        self.broker.let_go.discard(identifier)

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        """Put messages back that were fetched and not begun."""
        given = list(messages)
        super().requeue(given)
        self._held.difference_update(message.options["redis_message_id"] for message in given)
