"""What a PostgreSQL that was killed does once it is back."""

import asyncio
import signal
from pathlib import Path

from psycopg import AsyncConnection
from range_stand import Stand, standing

from drillyard.base.clock import until

KILLS = 3
"""Without being told, it heeds no `archive_timeout` after about two kills of three (seen on this machine)."""


async def _ask(stand: Stand, query: bytes) -> object:
    site = stand.component.site
    async with await AsyncConnection.connect(
        host=str(site.sockets),
        port=site.addresses.endpoint("postgres").port,
        user="postgres",
        dbname="postgres",
        autocommit=True,
    ) as connection:
        cursor = await connection.execute(query)
        row = await cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def test_log_is_handed_to_the_archive_in_time_after_a_crash_too(place: Path) -> None:
    async def scene() -> None:
        async with standing(place, "postgres") as stand:
            file = stand.component.site.config / "postgresql.conf"
            kept = [line for line in file.read_text().splitlines() if not line.startswith("archive_timeout")]
            file.write_text("\n".join((*kept, "archive_timeout = 1", "")))
            await stand.supervisor.reload("postgres")
            await _ask(stand, b"CREATE TABLE written (n int)")
            for _ in range(KILLS):
                first = stand.member.pid
                await stand.supervisor.kill("postgres", signal.SIGKILL)
                await stand.ready_again(first)
                before = await _ask(stand, b"SELECT pg_walfile_name(pg_current_wal_lsn())")
                await _ask(stand, b"INSERT INTO written VALUES (1)")

                async def next_file(before: object = before) -> bool:
                    return await _ask(stand, b"SELECT pg_walfile_name(pg_current_wal_lsn())") != before

                await until(next_file, deadline_s=20, what="the log goes on in its next file", every_s=0.2)

    asyncio.run(scene())
