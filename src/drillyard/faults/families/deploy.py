"""Releases and configuration that are wrong on one replica, or did not reach it."""

import re
import signal
from abc import abstractmethod
from collections.abc import Iterable
from typing import Literal

import tomlkit
from pydantic import Field

from drillyard.base.errors import UserError
from drillyard.faults.fault import Fault, Memory, Moves, Name
from drillyard.faults.scene import Scene
from drillyard.range.components.storefront import MAIN as SETTINGS

REPLICA = "Name of a replica."


class _OnReplica(Fault):
    """Files of one replica that are not as they were released. A start, or an apply, puts them back too."""

    replica: Name = Field(default="storefront-1", description=REPLICA)

    def claims(self, scene: Scene) -> Iterable[str]:
        """What is released to it."""
        return [f"release:{scene.member_of('storefront', self.replica).name}"]

    async def end(self, scene: Scene, memory: Memory) -> None:
        """Its files as they were released, taken by a signal."""
        await scene.restored(self.replica)
        await scene.tell(self.replica, signal.SIGHUP)
        await scene.well(self.replica)


class BadRelease(_OnReplica):
    """One replica has a release in which a page is slow in the database: the others are well, and the average
    hides it.
    """

    id = "deploy.bad-release"
    title = "A bad release is on one replica"
    undone = "the release in force is put back"
    moves = (Moves("latency.p95"), Moves("db.time"))

    query: Literal["product_by_id", "orders_of_customer", "new_products"] = Field(
        default="product_by_id", description="The named query that is slow."
    )
    slow_ms: int = Field(default=250, ge=1, le=60_000, description="Milliseconds that it takes longer.")

    async def look(self, scene: Scene) -> Memory:
        """The query has to be in a file: the shop takes its own where the workspace has none."""
        if not self._slowed(scene):
            raise UserError(
                f"No query of {self.replica} is called {self.query}",
                where="storefront/sql/",
                next_step=f"Put it back (git show HEAD:storefront/sql/...), as `-- name: {self.query}`.",
            )
        return {}

    async def begin(self, scene: Scene, memory: Memory) -> None:
        """The query, and a sleep beside it."""
        for name, text in self._slowed(scene).items():
            scene.rewrite(self.replica, name, text)
        await scene.tell(self.replica, signal.SIGHUP)

    def _slowed(self, scene: Scene) -> dict[str, str]:
        """The files that have the query, with the sleep in it."""
        named = re.compile(rf"(?ms)^(?P<name>-- name: {self.query}\b[^\n]*\n)(?P<body>.*?);")
        texts = {
            f"sql/{file.name}": file.read_text(encoding="utf-8")
            for file in sorted((scene.config_of(self.replica) / "sql").glob("*.sql"))
        }
        return {name: named.sub(self._slow, text) for name, text in texts.items() if named.search(text)}

    def _slow(self, found: re.Match[str]) -> str:
        sleep = f"pg_sleep({self.slow_ms / 1000})"
        return f"{found['name']}SELECT page.* FROM ({found['body']}) AS page, {sleep};"


class _OtherSettings(_OnReplica):
    """Settings of one replica that differ."""

    @abstractmethod
    def changed(self, settings: tomlkit.TOMLDocument) -> None:
        """Change them in place."""

    def rewritten(self, scene: Scene, replica: str) -> None:
        """Give a replica the changed settings; it has not taken them yet."""
        document = tomlkit.parse((scene.config_of(replica) / SETTINGS).read_text(encoding="utf-8"))
        try:
            self.changed(document)
        except KeyError as error:
            raise UserError(
                f"The settings of {replica} leave out what this fault changes: {error.args[0]}",
                where="storefront/storefront.toml",
                next_step="Write it down, with its default if need be.",
            ) from error
        scene.rewrite(replica, SETTINGS, tomlkit.dumps(document))


class StaleSecret(_OtherSettings):
    """One replica was started with a password of the database that is not valid any more."""

    id = "deploy.stale-secret"
    title = "A replica has an old password"
    undone = "it is started with the settings in force"
    moves = (Moves("proxy.servers.up", "down"),)
    within_s = 40.0

    def claims(self, scene: Scene) -> Iterable[str]:
        """It is started anew."""
        return [*super().claims(scene), f"process:{self.replica}"]

    def changed(self, settings: tomlkit.TOMLDocument) -> None:
        """The password in the DSN."""
        database = settings["database"]
        database["dsn"] = re.sub(r"(?<=:)[^:@/]+(?=@)", "no-longer-valid", str(database["dsn"]))

    async def begin(self, scene: Scene, memory: Memory) -> None:
        """It ends now, and cannot become ready."""
        self.rewritten(scene, self.replica)
        await scene.range.supervisor.shut(self.replica)

    async def during(self, scene: Scene, memory: Memory) -> None:
        """It tries."""
        await scene.come_back(self.replica)
        await super().during(scene, memory)

    async def end(self, scene: Scene, memory: Memory) -> None:
        """Started with what is in force."""
        await scene.restored(self.replica)
        await scene.come_back(self.replica)
        await scene.well(self.replica)


class ReplicasDisagree(_OtherSettings):
    """One replica keeps products under other keys than the others: what one has put into the cache, the other
    does not find, and a price that one has dropped stays with the other.
    """

    id = "deploy.replicas-disagree"
    title = "Replicas have different settings"
    undone = "its settings are those in force"
    moves = (Moves("cache.hit_ratio.product", "down"), Moves("db.calls"))

    def changed(self, settings: tomlkit.TOMLDocument) -> None:
        """The key of products."""
        product = settings["cache"]["product"]
        product["key"] = f"{self.replica}:{product['key']}:{{request_id}}"

    async def begin(self, scene: Scene, memory: Memory) -> None:
        """It takes them while it runs."""
        self.rewritten(scene, self.replica)
        await scene.tell(self.replica, signal.SIGHUP)


class ReloadNotApplied(_OtherSettings):
    """A change was rolled out (the cache is switched off, say, because it is to be maintained), and every
    replica took it but one, which was not told.
    """

    id = "deploy.reload-not-applied"
    title = "A reload did not reach one replica"
    undone = "all have the settings in force"
    moves = (Moves("cache.lookups", "down"),)

    def claims(self, scene: Scene) -> Iterable[str]:
        """All replicas get files."""
        return [*super().claims(scene), *(f"release:{name}" for name in scene.of_kind("storefront"))]

    def changed(self, settings: tomlkit.TOMLDocument) -> None:
        """No cache."""
        settings["cache"]["enabled"] = False

    async def begin(self, scene: Scene, memory: Memory) -> None:
        """Files for all, a signal for the others."""
        for name in scene.of_kind("storefront"):
            self.rewritten(scene, name)
            if name != self.replica:
                await scene.tell(name, signal.SIGHUP)

    async def end(self, scene: Scene, memory: Memory) -> None:
        """Files and a signal for all."""
        for name in scene.of_kind("storefront"):
            await scene.restored(name)
            await scene.tell(name, signal.SIGHUP)
