"""Database servers without room for their log, or far behind it."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress

import psycopg

from drillyard.base.errors import UserError
from drillyard.faults.fault import Memory, Moves
from drillyard.faults.limits import limited, require_limits, room_to_grow
from drillyard.faults.of_database import OfDatabase
from drillyard.faults.scene import Scene

_AGAIN_S = 0.5
_PAGE_BYTES = 8192
"""A segment cannot be written to its last page."""


class ReplicaLag(OfDatabase):
    """The standby receives the log and does not replay it: it shows what was, and is late when needed."""

    id = "database.replica-lag"
    title = "The standby lags"
    undone = "it replays again"
    moves = (Moves("db.replica_lag"),)
    claimed = "replay"

    async def look(self, scene: Scene) -> Memory:
        """There has to be one that streams."""
        streaming = await scene.sql("SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'")
        if not streaming or scene.range.host is None:
            raise UserError("No standby follows the database", next_step="Make one: pg_basebackup -R")
        return {}

    async def begin(self, scene: Scene, memory: Memory) -> None:
        """It stops."""
        await _ask_standby(scene, "SELECT pg_wal_replay_pause()")

    async def end(self, scene: Scene, memory: Memory) -> None:
        """It goes on; one that was promoted or ended meanwhile has forgotten it."""
        with suppress(psycopg.OperationalError):
            await _ask_standby(
                scene,
                "SELECT pg_wal_replay_resume() WHERE pg_is_in_recovery() AND pg_is_wal_replay_paused()",
            )


async def _ask_standby(scene: Scene, statement: str) -> None:
    async with scene.connected(component="standby") as connection:
        await connection.execute(statement.encode())


class WalDiskFull(OfDatabase):
    """The disk of the write-ahead log has no room for a new segment: PostgreSQL cannot go on without one,
    stops with PANIC, and recovers, again and again.
    """

    id = "database.wal-disk-full"
    title = "The disk of the log is full"
    undone = "there is room again, and PostgreSQL is started"
    moves = (Moves("latency.p99"),)
    claimed = "disk"
    within_s = 60.0

    def claims(self, scene: Scene) -> Iterable[str]:
        """Its process too: that one is told that files may not grow."""
        require_limits()
        return [*super().claims(scene), "process:postgres"]

    async def look(self, scene: Scene) -> Memory:
        """How large a segment is."""
        found = await scene.sql("SELECT setting::int FROM pg_settings WHERE name = 'wal_segment_size'")
        return {"room": int(str(found[0][0])) - _PAGE_BYTES}

    async def begin(self, scene: Scene, memory: Memory) -> None:
        """From now on."""
        await limited(scene, "postgres", file_bytes=int(str(memory["room"])))

    async def during(self, scene: Scene, memory: Memory) -> None:
        """Whatever process it has next has no room either; the next segment is asked for all the time."""
        while True:
            await limited(scene, "postgres", file_bytes=int(str(memory["room"])))
            with suppress(psycopg.Error):
                await scene.sql("SELECT pg_switch_wal()")
            await asyncio.sleep(_AGAIN_S)

    async def end(self, scene: Scene, memory: Memory) -> None:
        """A new server process has all its room."""
        await room_to_grow(scene, "postgres")
        await scene.well("postgres")
