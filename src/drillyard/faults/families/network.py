"""Connections between two components: slow, narrow, cut or dead, in either direction.

They are toxics of the range's network, which speaks Toxiproxy's API; every client and server of a range with
a network has a proxy of its own between them.
"""

from abc import abstractmethod
from collections.abc import Iterable
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Literal

from pydantic import Field, field_validator

from drillyard.base.errors import UserError
from drillyard.faults.fault import Fault, Memory, Moves
from drillyard.faults.scene import Scene
from drillyard.faults.toxics import STREAMS, Stream, cleanse, poison, poisoned
from drillyard.range.addresses import LINKS, link_name
from drillyard.range.wiring import names_of_links

LINK = "CLIENT-to-SERVER, * for anything: worker-payments-to-partner, storefront-*-to-valkey."
DIRECTION = "upstream is from the client to the server, downstream back."


class _OnLink(Fault):
    """Something on one or more links."""

    networked = True

    link: str = Field(pattern=r"^[a-z*?][a-z0-9*?-]{0,63}$", description=LINK)

    @field_validator("link")
    @classmethod
    def _can_be(cls, value: str) -> str:
        names = [link_name(client, server) for client, servers in LINKS.items() for server in servers]
        if not any(fnmatchcase(name, value) for name in names):
            near = "".join(f"; is it `{each}`?" for each in get_close_matches(value, names, 1))
            raise ValueError(f"no connection can be called `{value}`{near}")
        return value

    def links(self, scene: Scene) -> list[str]:
        """The names of the proxies that are meant.

        Raises:
            UserError: none is.
        """
        there = names_of_links(scene.range.spec)
        found = [name for name in there if fnmatchcase(name, self.link)]
        if not found:
            raise UserError(
                f"No connection is called `{self.link}`", next_step=f"There are: {', '.join(there)}."
            )
        return found

    def claims(self, scene: Scene) -> Iterable[str]:
        """Each of its links."""
        return [f"link:{name}" for name in self.links(scene)]

    async def look(self, scene: Scene) -> Memory:
        """The links as they are now: the allocation may change while it lasts."""
        return {"links": list(self.links(scene))}


class _Toxic(_OnLink):
    """A toxic on both directions of a link, or one."""

    direction: Literal["both", "upstream", "downstream"] = Field(default="both", description=DIRECTION)
    toxicity: float = Field(default=1.0, gt=0, le=1, description="Share of connections that it is for.")

    @abstractmethod
    def toxic(self) -> tuple[str, Memory]:
        """Its type and attributes, as Toxiproxy has them."""

    @property
    def _streams(self) -> tuple[Stream, ...]:
        return STREAMS if self.direction == "both" else (self.direction,)

    async def begin(self, scene: Scene, memory: Memory) -> None:
        """On both ways, or one."""
        kind, attributes = self.toxic()
        await poison(scene, _links(memory), self._streams, kind, attributes, toxicity=self.toxicity)

    async def is_there(self, scene: Scene, memory: Memory) -> bool:
        """Its toxics are."""
        return await poisoned(scene, _links(memory), self._streams)

    async def end(self, scene: Scene, memory: Memory) -> None:
        """Off both."""
        await cleanse(scene, _links(memory))


class Delay(_Toxic):
    """Everything on the link comes later, as over a distance; with jitter, by an amount that differs."""

    id = "network.delay"
    title = "A connection is slow"
    undone = "the toxic is removed"
    moves = (Moves("latency.p50"), Moves("shop.handling"))

    delay_ms: int = Field(default=50, ge=1, le=60_000, description="Milliseconds, each way.")
    jitter_ms: int = Field(default=0, ge=0, le=60_000, description="Up to so many more or less.")

    def toxic(self) -> tuple[str, Memory]:
        """latency."""
        return "latency", {"latency": self.delay_ms, "jitter": self.jitter_ms}


class Bandwidth(_Toxic):
    """Each connection carries only so much a second."""

    id = "network.bandwidth"
    title = "A connection is narrow"
    undone = "the toxic is removed"
    moves = (Moves("latency.p95"), Moves("shop.handling"))

    rate_kb_s: int = Field(default=40, ge=1, le=1_000_000, description="Kilobytes a second.")

    def toxic(self) -> tuple[str, Memory]:
        """bandwidth."""
        return "bandwidth", {"rate": self.rate_kb_s}


class Reset(_Toxic):
    """Connections are reset (RST) after a while: the other side is told at once that they are gone."""

    id = "network.reset"
    title = "Connections are reset"
    undone = "the toxic is removed"
    moves = (Moves("cache.errors"), Moves("jobs.failed"))

    after_ms: int = Field(default=0, ge=0, le=600_000, description="Milliseconds that a connection lives.")

    def toxic(self) -> tuple[str, Memory]:
        """reset_peer."""
        return "reset_peer", {"timeout": self.after_ms}


class BlackHole(_Toxic):
    """Nothing gets through, and nobody is told: who has no timeout waits for ever."""

    id = "network.black-hole"
    title = "A connection swallows everything"
    undone = "the toxic is removed, which closes what was held"
    moves = (Moves("latency.p99"), Moves("cache.errors"), Moves("jobs.failed"))

    def toxic(self) -> tuple[str, Memory]:
        """timeout, without end."""
        return "timeout", {"timeout": 0}


class SlowClose(_Toxic):
    """A connection that one side has closed stays open for the other for a while."""

    id = "network.slow-close"
    title = "Connections close late"
    undone = "the toxic is removed"
    moves = (Moves("network.closing"),)

    delay_ms: int = Field(default=1000, ge=1, le=60_000, description="Milliseconds that it stays open.")

    def toxic(self) -> tuple[str, Memory]:
        """slow_close."""
        return "slow_close", {"delay": self.delay_ms}


class Cut(_OnLink):
    """Connections are closed and new ones refused, as when nothing listens."""

    id = "network.cut"
    title = "A connection is refused"
    undone = "the proxy listens again"
    moves = (Moves("cache.errors"), Moves("jobs.failed"))

    async def begin(self, scene: Scene, memory: Memory) -> None:
        """The proxies listen no more."""
        await self._listen(scene, memory, listen=False)

    async def is_there(self, scene: Scene, memory: Memory) -> bool:
        """They do not listen."""
        async with scene.http("network") as network:
            proxies = (await network.get("/proxies")).raise_for_status().json()
        return not any(proxies[link]["enabled"] for link in _links(memory) if link in proxies)

    async def end(self, scene: Scene, memory: Memory) -> None:
        """They do again."""
        await self._listen(scene, memory, listen=True)

    async def _listen(self, scene: Scene, memory: Memory, *, listen: bool) -> None:
        async with scene.http("network") as network:
            for link in _links(memory):
                answer = await network.post(f"/proxies/{link}", json={"enabled": listen})
                if answer.status_code != 404:
                    answer.raise_for_status()


def _links(memory: Memory) -> list[str]:
    links = memory.get("links", [])
    return [str(link) for link in links] if isinstance(links, list) else []
