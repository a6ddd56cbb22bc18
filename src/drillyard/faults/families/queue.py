"""Queues that hold what cannot be done, too much of it, or the same thing twice."""

import asyncio
import json
import signal
from collections.abc import Iterable
from typing import ClassVar, Literal

import valkey.asyncio as valkey
from pydantic import Field

from drillyard.faults.fault import Fault, Memory, Moves, Name
from drillyard.faults.scene import Scene
from drillyard.faults.toxics import cleanse, poison
from drillyard.measure.sources.queues import find_queues
from drillyard.range.addresses import link_name
from drillyard.range.member import State

_PLACES = ("", ".DQ", ".XQ")
"""Of a queue's keys (dramatiq/brokers/redis/dispatch.lua): waiting, delayed, dead."""
_SLICE_S = 0.5
_BATCH = 500


class _OfQueue(Fault):
    """Jobs that somebody puts into the outbox, as the shop does; `mark` tells them from the shop's own."""

    claimed: ClassVar[str]

    @property
    def mark(self) -> str:
        """The `request_id` of its jobs."""
        return f"fault-{self.claimed}"

    def claims(self, scene: Scene) -> Iterable[str]:
        """Its mark."""
        return [f"queue:{self.claimed}"]

    async def end(self, scene: Scene, memory: Memory) -> None:
        """What of it is left anywhere is taken out."""
        await scene.shop_sql(f"DELETE FROM outbox WHERE payload ->> 'request_id' = '{self.mark}'")
        async with scene.cache() as cache:
            for key in (await find_queues(cache)).values():
                for place in _PLACES:
                    await _take_out(cache, key + place, self.mark)


async def _take_out(cache: valkey.Valkey, key: str, mark: str) -> None:
    """Those first that came first: they are found at the head of their list."""
    marked: list[bytes] = []
    async for identifier, body in cache.hscan_iter(f"{key}.msgs", count=_BATCH):
        if json.loads(body).get("options", {}).get("request_id") == mark:
            marked.append(identifier)
    for first in range(0, len(marked), _BATCH):
        batch = marked[first : first + _BATCH]
        async with cache.pipeline(transaction=False) as pipe:
            pipe.hdel(f"{key}.msgs", *batch)  # type: ignore[arg-type]  # bytes are taken
            if key.endswith(".XQ"):
                pipe.zrem(key, *batch)
            else:
                for identifier in batch:
                    pipe.lrem(key, 1, identifier)  # type: ignore[arg-type]  # bytes are taken
            await pipe.execute()


class PoisonMessage(_OfQueue):
    """Jobs arrive that can never be done, because they are about something that does not exist: each is tried
    again and again, and holds a worker meanwhile.
    """

    id = "queue.poison-message"
    title = "A job can never be done"
    undone = "workers are stopped in order, it is taken out of queues and dead letters, and they start again"
    moves = (Moves("jobs.failed"), Moves("jobs.retries"))
    claimed = "poison"
    within_s = 40.0

    kind: Literal["charge_payment", "send_mail", "ship_order"] = Field(
        default="charge_payment", description="The kind of job."
    )
    jobs: int = Field(default=5, ge=1, le=1000, description="How many.")

    def claims(self, scene: Scene) -> Iterable[str]:
        """All workers: they are stopped at the end."""
        return [*super().claims(scene), *(f"process:{name}" for name in scene.of_kind("worker"))]

    async def begin(self, scene: Scene, memory: Memory) -> None:
        """Orders have numbers above zero."""
        more = ", 'kind', 'confirmation'" if self.kind == "send_mail" else ""
        await scene.shop_sql(
            "INSERT INTO outbox (kind, payload)"
            f" SELECT '{self.kind}', jsonb_build_object('order_id', -n, 'request_id', '{self.mark}'{more})"
            f" FROM generate_series(1, {self.jobs}) n"
        )

    async def end(self, scene: Scene, memory: Memory) -> None:
        """A worker that waits to try again holds it in its memory: it gives it back when it stops."""
        workers = [name for name in scene.of_kind("worker") if scene.member(name).state is State.READY]
        await asyncio.gather(*(scene.range.supervisor.shut(name) for name in workers))
        try:
            await super().end(scene, memory)
        finally:
            await asyncio.gather(*(scene.come_back(name) for name in workers))


class ProducerFlood(_OfQueue):
    """Somebody puts far more jobs into a queue than its workers can do: a nightly job gone wild. What comes
    behind them waits.
    """

    id = "queue.producer-flood"
    title = "A queue is flooded"
    undone = "what is left of the flood is taken out"
    moves = (Moves("jobs.done"), Moves("queue.depth_max"))
    claimed = "flood"

    per_s: float = Field(default=300.0, ge=1, le=10_000, description="Jobs a second.")

    async def begin(self, scene: Scene, memory: Memory) -> None:
        """They come while it lasts."""

    async def during(self, scene: Scene, memory: Memory) -> None:
        """Reviews of products are summed up, again and again."""
        jobs = max(1, round(self.per_s * _SLICE_S))
        while True:
            await scene.shop_sql(
                "INSERT INTO outbox (kind, payload)"
                " SELECT 'refresh_rating', jsonb_build_object('product_id', 1 + n % 50, 'request_id',"
                f" '{self.mark}') FROM generate_series(1, {jobs}) n"
            )
            await asyncio.sleep(_SLICE_S)


class DuplicateDelivery(_OfQueue):
    """Jobs are delivered twice, as every queue does that promises "at least once": whatever a job does has to
    bear it.
    """

    id = "queue.duplicate-delivery"
    title = "Jobs are delivered twice"
    undone = "no more are; what was delivered is done"
    moves = (Moves("jobs.done"),)
    claimed = "again"

    async def begin(self, scene: Scene, memory: Memory) -> None:
        """From now on."""

    async def during(self, scene: Scene, memory: Memory) -> None:
        """What was promised since the last look is promised once more."""
        last = int(str((await scene.shop_sql("SELECT coalesce(max(id), 0) FROM outbox"))[0][0]))
        while True:
            await asyncio.sleep(_SLICE_S)
            found = await scene.shop_sql(
                "WITH fresh AS (SELECT id, kind, payload FROM outbox"
                f" WHERE id > {last} AND payload ->> 'request_id' IS DISTINCT FROM '{self.mark}'),"
                " again AS (INSERT INTO outbox (kind, payload)"
                f' SELECT kind, payload || \'{{"request_id": "{self.mark}"}}\' FROM fresh RETURNING id)'
                f" SELECT greatest({last}, (SELECT max(id) FROM fresh), (SELECT max(id) FROM again))"
            )
            last = int(str(found[0][0]))

    async def end(self, scene: Scene, memory: Memory) -> None:
        """What was delivered twice is done twice: nothing is taken back."""


class SlowConsumer(Fault):
    """A worker gets to run only a small part of the time: its queue grows while it seems well."""

    id = "queue.slow-consumer"
    title = "A worker is slow"
    undone = "it runs all the time again"
    moves = (
        Moves("jobs.wait.charge_payment"),
        Moves("jobs.wait.send_mail"),
        Moves("jobs.wait.book_sale"),
        Moves("queue.oldest_max"),
    )
    within_s = 30.0

    worker: Name = Field(default="worker-payments", description="Name of a worker.")
    stopped: float = Field(default=0.9, gt=0, lt=1, description="Share of the time in which it stands still.")

    def claims(self, scene: Scene) -> Iterable[str]:
        """Its process."""
        return [f"process:{scene.member_of('worker', self.worker).name}"]

    async def begin(self, scene: Scene, memory: Memory) -> None:
        """From now on."""

    async def during(self, scene: Scene, memory: Memory) -> None:
        """Stop and go, a second at a time: shorter than any heartbeat."""
        signal_to = scene.range.supervisor.kill
        while True:
            await signal_to(self.worker, signal.SIGSTOP, tree=True)
            await asyncio.sleep(self.stopped)
            await signal_to(self.worker, signal.SIGCONT, tree=True)
            await asyncio.sleep(1 - self.stopped)

    async def end(self, scene: Scene, memory: Memory) -> None:
        """Go."""
        if self.worker in scene.range.supervisor.members:
            await scene.range.supervisor.kill(self.worker, signal.SIGCONT, tree=True)


class LostAcknowledgement(Fault):
    """What a worker says to the queue does not arrive: neither that a job is done, so that it is delivered
    again, nor that it wants another one.
    """

    id = "queue.lost-acknowledgement"
    title = "Acknowledgements are lost"
    undone = "the connection carries both ways again"
    moves = (Moves("queue.oldest_max"),)
    networked = True
    within_s = 40.0

    worker: Literal["worker-payments", "worker-notifications", "worker-inventory", "worker-reports"] = Field(
        default="worker-notifications", description="The type of worker."
    )

    @property
    def _link(self) -> str:
        return link_name(self.worker, "valkey")

    def claims(self, scene: Scene) -> Iterable[str]:
        """Its connections to the queue."""
        return [f"link:{self._link}"]

    async def begin(self, scene: Scene, memory: Memory) -> None:
        """What the server says still arrives."""
        await poison(scene, [self._link], ["upstream"], "timeout", {"timeout": 0})

    async def end(self, scene: Scene, memory: Memory) -> None:
        """Both ways again."""
        await cleanse(scene, [self._link])
