"""How the archive of PostgreSQL's log stood: what a disaster takes depends on it."""

from drillyard.assess.tables import Connection

_ARCHIVER = b"""
    SELECT extract(epoch FROM clock_timestamp() - last_archived_time)::float,
           CASE WHEN last_failed_time > coalesce(last_archived_time, '-infinity') THEN last_failed_wal END
      FROM pg_stat_archiver
"""


async def archive_state(connection: Connection) -> str:
    """In words, for whoever asks why so much is gone.

    Raises:
        psycopg.Error: the database does not answer.
    """
    row = await (await connection.execute(_ARCHIVER)).fetchone()
    age_s, failing = row if row is not None else (None, None)
    taken = (
        "nothing was archived" if age_s is None else f"the archive took its last file {age_s:.0f} s before"
    )
    return f"{taken}, and the last try failed (of {failing})" if failing else taken
