"""The shop's own chaos switches, as faults use them: rules under a key in Valkey that every replica follows.

They are set there and not over `PUT /api/admin/chaos`, so that they can be turned off while no replica
answers; the shop's settings decide whether they are followed (`[observability.chaos]`).
"""

import json
from abc import abstractmethod
from collections.abc import Iterable

import tomlkit

from drillyard.base.errors import UserError
from drillyard.faults.fault import Fault, Memory
from drillyard.faults.scene import Scene
from drillyard.range.components.storefront import MAIN as SETTINGS

KEY = "shop:chaos"
MAX_DELAY_MS = 30_000
"""The shop's own default."""


class Switched(Fault):
    """A fault that is a switch of the shop's."""

    @abstractmethod
    def rules(self) -> list[Memory]:
        """Rules as the shop reads them (`storefront.chaos.ChaosRule`)."""

    def clocks(self) -> list[Memory]:
        """Wrong clocks as the shop reads them (`storefront.chaos.WrongClock`)."""
        return []

    def claims(self, scene: Scene) -> Iterable[str]:
        """Of two rules for a route the first counts: the switches are one fault's."""
        return ["switches:shop"]

    async def look(self, scene: Scene) -> Memory:
        """What is switched on already is somebody else's; the shop may have locked its switches."""
        self._require_followed(scene)
        async with scene.cache() as cache:
            if await cache.exists(KEY):
                raise UserError(
                    "The shop's chaos switches are in use",
                    next_step='Turn them off: PUT /api/admin/chaos {"rules": []}',
                )
        return {}

    def _require_followed(self, scene: Scene) -> None:
        replicas = scene.of_kind("storefront")
        file = scene.config_of(replicas[0]) / SETTINGS if replicas else None
        document = tomlkit.parse(file.read_text(encoding="utf-8")).unwrap() if file else {}
        chaos = document.get("observability", {}).get("chaos", {})
        limit = chaos.get("max_delay_ms", MAX_DELAY_MS)
        late = max(
            (_number(rule, "delay_ms") + _number(rule, "jitter_ms") for rule in self.rules()), default=0
        )
        if not chaos.get("allowed", True) or late > limit:
            raise UserError(
                "The shop's settings do not allow it",
                where="storefront/storefront.toml, [observability.chaos]",
                next_step=f"allowed has to be true, and a delay at most max_delay_ms ({limit}).",
            )

    async def begin(self, scene: Scene, memory: Memory) -> None:
        """Replicas follow within a second."""
        async with scene.cache() as cache:
            await cache.set(KEY, json.dumps({"rules": self.rules(), "clocks": self.clocks()}))

    async def is_there(self, scene: Scene, memory: Memory) -> bool:
        """The switches are on; a cache that was flushed has none."""
        async with scene.cache() as cache:
            return bool(await cache.exists(KEY))

    async def end(self, scene: Scene, memory: Memory) -> None:
        """Off."""
        async with scene.cache() as cache:
            await cache.delete(KEY)


def _number(rule: Memory, name: str) -> int:
    value = rule.get(name, 0)
    return value if isinstance(value, int) else 0
