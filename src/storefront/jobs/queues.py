"""Looking into the queues: how deep, how old, and the dead letters.

Reads the keys of Dramatiq's Redis broker (`dramatiq/brokers/redis/dispatch.lua`): `<ns>:<queue>` is the list
of waiting ids, `.msgs` their messages (those in work too), `.DQ` the delayed ones, `.XQ` the dead letters.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import redis
from dramatiq.message import Message
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from storefront.jobs.broker import ShopBroker
from storefront.jobs.catalogue import message_of
from storefront.jobs.middleware import ERROR, READY_AT, RETRIES, ready_at_ms
from storefront.settings.workers import Routes

OLDEST_SAMPLE = 500
"""Messages in work that are looked at for the oldest; a worker holds about twice its concurrency."""


@dataclass(frozen=True)
class QueueState:
    """One queue at one instant."""

    queue: str
    depth: int
    """Jobs accepted and not finished: waiting or in work; of the latter those acknowledged `after`."""
    delayed: int
    """Failed jobs that wait for their next attempt."""
    dead: int
    """Dead letters."""
    oldest_s: float
    """Seconds since the oldest job of `depth` could have run; 0 when there is none."""


@dataclass(frozen=True)
class DeadLetter:
    """A job that was given up."""

    queue: str
    id: str
    actor: str
    arguments: dict[str, Any]
    attempts: int
    error: str
    died: float
    """Seconds since the epoch."""


class Queues:
    """The queues of one broker, seen from outside."""

    def __init__(self, client: redis.Redis, namespace: str) -> None:
        self._client: Any = client  # redis-py types an answer as whatever any configuration could give
        self._namespace = namespace

    def _key(self, queue: str) -> str:
        return f"{self._namespace}:{queue}"

    def state(self, queue: str) -> QueueState:
        """How a queue stands.

        Raises:
            redis.RedisError: Valkey does not answer.
        """
        key = self._key(queue)
        pipe = self._client.pipeline(transaction=False)
        pipe.hlen(f"{key}.msgs").hlen(f"{key}.DQ.msgs").zcard(f"{key}.XQ").lindex(key, 0)
        pipe.zrange(f"{self._namespace}:__heartbeats__", 0, -1)
        depth, delayed, dead, head, workers = pipe.execute()
        ids = ([head] if head else []) + (self._in_work(queue, workers) if depth else [])
        return QueueState(queue, depth, delayed, dead, self._oldest_s(key, ids))

    def _in_work(self, queue: str, workers: Iterable[bytes]) -> list[bytes]:
        pipe = self._client.pipeline(transaction=False)
        for worker in workers:
            pipe.smembers(f"{self._namespace}:__acks__.{worker.decode()}.{queue}")
        return [member for members in pipe.execute() for member in members][:OLDEST_SAMPLE]

    def _oldest_s(self, key: str, ids: Sequence[bytes]) -> float:
        if not ids:
            return 0.0
        texts = [text for text in self._client.hmget(f"{key}.msgs", list(ids)) if text]
        messages: list[Message[Any]] = [Message.decode(text) for text in texts]
        ready = [ready_at_ms(message.message_timestamp, message.options) for message in messages]
        return max(0.0, time.time() - min(ready) / 1000) if ready else 0.0

    def dead_letters(self, queue: str, limit: int = 100) -> list[DeadLetter]:
        """The newest dead letters of a queue, newest first.

        Raises:
            redis.RedisError: Valkey does not answer.
        """
        key = f"{self._key(queue)}.XQ"
        scored = self._client.zrange(key, 0, limit - 1, desc=True, withscores=True)
        letters = []
        for identifier, died_ms in scored:
            if text := self._client.hget(f"{key}.msgs", identifier):
                letters.append(_letter(queue, identifier.decode(), Message.decode(text), died_ms / 1000))
        return letters

    def requeue(self, broker: ShopBroker, letter: DeadLetter, routes: Routes) -> None:
        """Give a dead letter a new start: as a new job, with all its attempts before it.

        The new job is there before the letter is gone: a crash between makes it run twice, not never.

        Raises:
            BrokerConnectionError: Valkey does not answer.
        """
        text = self._client.hget(f"{self._key(letter.queue)}.XQ.msgs", letter.id)
        if text is None:
            return
        dead: Message[Any] = Message.decode(text)
        fresh = message_of(dead.actor_name, dead.kwargs, routes)
        kept = {name: value for name, value in dead.options.items() if name not in _SPENT}
        broker.enqueue(fresh.copy(options=kept))
        self.drop(letter)

    def drop(self, letter: DeadLetter) -> None:
        """Throw a dead letter away."""
        key = f"{self._key(letter.queue)}.XQ"
        self._client.zrem(key, letter.id)
        self._client.hdel(f"{key}.msgs", letter.id)


_SPENT = frozenset({RETRIES, ERROR, READY_AT, "redis_message_id", "eta"})


def _letter(queue: str, identifier: str, message: Message[Any], died: float) -> DeadLetter:
    options = message.options
    return DeadLetter(
        queue=queue,
        id=identifier,
        actor=message.actor_name,
        arguments=message.kwargs,
        attempts=int(options.get(RETRIES, 0)),
        error=str(options.get(ERROR, "no job of that name")),
        died=died,
    )


class QueueCollector(Collector):
    """Figures of all queues, asked at each scrape. Every worker tells them, so that one that lives is enough:
    take `max by (queue)`. While Valkey is away there are none, and `queue_up` is 0.
    """

    _FIGURES = (
        ("queue_depth", "depth", "Jobs waiting or in work."),
        ("queue_delayed", "delayed", "Failed jobs that wait for their next attempt."),
        ("queue_dead_letters", "dead", "Jobs that were given up."),
        ("queue_oldest_message_age_seconds", "oldest_s", "Seconds that the oldest job has waited or run."),
    )

    def __init__(self, queues: Queues, names: Sequence[str]) -> None:
        self._queues = queues
        self._names = names

    def describe(self) -> Iterable[Metric]:
        """Nothing before the first scrape: Valkey may not be there yet."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """The figures of this instant."""
        try:
            states = [self._queues.state(name) for name in self._names]
        except redis.RedisError:
            states = []
        yield GaugeMetricFamily("queue_up", "1 when the queues could be asked.", value=1 if states else 0)
        for metric, attribute, documentation in self._FIGURES:
            family = GaugeMetricFamily(metric, documentation, labels=("queue",))
            for state in states:
                family.add_metric((state.queue,), getattr(state, attribute))
            yield family
