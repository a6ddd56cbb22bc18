"""PostgreSQL's figures, named as postgres_exporter names them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import monotonic

import psycopg
from psycopg.rows import tuple_row

from drillyard.range.exporter.exposition import Family, Type


@dataclass(frozen=True)
class Query:
    """One view: `labels` are its first columns, `columns` (suffix, type, help) the values after them."""

    prefix: str
    sql: str
    labels: tuple[str, ...]
    columns: tuple[tuple[str, Type, str], ...]


def _counters(*names: str) -> tuple[tuple[str, Type, str], ...]:
    return tuple((name, "counter", f"{name} of PostgreSQL's view of the same name") for name in names)


def _gauges(*names: str) -> tuple[tuple[str, Type, str], ...]:
    return tuple((name, "gauge", f"{name} of PostgreSQL's view of the same name") for name in names)


_DATABASE = (
    "xact_commit", "xact_rollback", "blks_read", "blks_hit", "tup_returned", "tup_fetched", "tup_inserted",
    "tup_updated", "tup_deleted", "conflicts", "temp_files", "temp_bytes", "deadlocks", "blk_read_time",
    "blk_write_time",
)  # fmt: skip
_TABLE_COUNTERS = (
    "seq_scan", "seq_tup_read", "idx_scan", "idx_tup_fetch", "n_tup_ins", "n_tup_upd", "n_tup_del",
    "n_tup_hot_upd", "vacuum_count", "autovacuum_count", "analyze_count", "autoanalyze_count",
)  # fmt: skip
_TABLE_GAUGES = ("n_live_tup", "n_dead_tup", "n_mod_since_analyze")
_TABLE_TIMES = ("last_vacuum", "last_autovacuum", "last_analyze", "last_autoanalyze")
_TABLE_IO = (
    "heap_blks_read", "heap_blks_hit", "idx_blks_read", "idx_blks_hit",
    "toast_blks_read", "toast_blks_hit", "tidx_blks_read", "tidx_blks_hit",
)  # fmt: skip


def _coalesced(names: Sequence[str]) -> str:
    return ", ".join(f"coalesce({name}, 0)::float8" for name in names)


def _epochs(names: Sequence[str]) -> str:
    return ", ".join(f"coalesce(extract(epoch from {name}), 0)::float8" for name in names)


QUERIES = (
    Query(
        "pg_stat_database",
        f"SELECT datid::text, datname, numbackends::float8, {_coalesced(_DATABASE)}"  # noqa: S608 names of ours
        " FROM pg_stat_database WHERE datname IS NOT NULL",
        ("datid", "datname"),
        (*_gauges("numbackends"), *_counters(*_DATABASE)),
    ),
    Query(
        "pg_database",
        "SELECT datname, pg_database_size(oid)::float8 FROM pg_database"
        " WHERE datallowconn AND NOT datistemplate",
        ("datname",),
        (("size_bytes", "gauge", "Disk space that the database uses"),),
    ),
    Query(
        "pg_stat_user_tables",
        f"SELECT current_database(), schemaname, relname, {_coalesced(_TABLE_COUNTERS)},"  # noqa: S608
        f" {_coalesced(_TABLE_GAUGES)}, {_epochs(_TABLE_TIMES)},"
        " pg_table_size(relid)::float8, pg_indexes_size(relid)::float8 FROM pg_stat_user_tables",
        ("datname", "schemaname", "relname"),
        (
            *_counters(*_TABLE_COUNTERS),
            *_gauges(*_TABLE_GAUGES, *_TABLE_TIMES),
            ("table_size_bytes", "gauge", "Disk space of the table without its indexes"),
            ("index_size_bytes", "gauge", "Disk space of the table's indexes"),
        ),
    ),
    Query(
        "pg_statio_user_tables",
        f"SELECT current_database(), schemaname, relname, {_coalesced(_TABLE_IO)} FROM pg_statio_user_tables",  # noqa: S608
        ("datname", "schemaname", "relname"),
        tuple((name.replace("_blks_", "_blocks_"), kind, text) for name, kind, text in _counters(*_TABLE_IO)),
    ),
    Query(
        "pg_locks",
        "SELECT d.datname, lower(l.mode), count(*)::float8 FROM pg_locks l"
        " JOIN pg_database d ON d.oid = l.database GROUP BY 1, 2",
        ("datname", "mode"),
        (("count", "gauge", "Locks held or waited for"),),
    ),
    Query(
        "pg_stat_activity",
        "SELECT coalesce(datname, ''), coalesce(state, ''), coalesce(usename, ''),"
        " coalesce(application_name, ''), coalesce(backend_type, ''), coalesce(wait_event_type, ''),"
        " coalesce(wait_event, ''), count(*)::float8,"
        " coalesce(max(extract(epoch from clock_timestamp() - xact_start)), 0)::float8"
        " FROM pg_stat_activity WHERE backend_type = 'client backend' GROUP BY 1, 2, 3, 4, 5, 6, 7",
        ("datname", "state", "usename", "application_name", "backend_type", "wait_event_type", "wait_event"),
        (
            ("count", "gauge", "Client connections in this state"),
            ("max_tx_duration", "gauge", "Longest transaction in this state, in seconds"),
        ),
    ),
    Query(
        "pg_stat_bgwriter",
        "SELECT buffers_clean::float8, maxwritten_clean::float8, buffers_alloc::float8 FROM pg_stat_bgwriter",
        (),
        _counters("buffers_clean_total", "maxwritten_clean_total", "buffers_alloc_total"),
    ),
    Query(
        "pg_stat_checkpointer",
        "SELECT num_timed::float8, num_requested::float8, write_time::float8, sync_time::float8,"
        " buffers_written::float8 FROM pg_stat_checkpointer",
        (),
        _counters(
            "num_timed_total",
            "num_requested_total",
            "write_time_total",
            "sync_time_total",
            "buffers_written_total",
        ),
    ),
    Query(
        "pg_wal",
        "SELECT count(*)::float8, coalesce(sum(size), 0)::float8 FROM pg_ls_waldir()",
        (),
        (
            ("segments", "gauge", "Number of write-ahead log files"),
            ("size_bytes", "gauge", "Size of the write-ahead log"),
        ),
    ),
    Query(
        "pg_postmaster",
        "SELECT extract(epoch from pg_postmaster_start_time())::float8",
        (),
        (("start_time_seconds", "gauge", "When the server started, in seconds since the epoch"),),
    ),
    Query(
        "pg_stat_statements",
        "SELECT coalesce(pg_get_userbyid(userid)::text, ''), d.datname, queryid::text, sum(calls)::float8,"
        " sum(total_exec_time)::float8 / 1000, sum(rows)::float8,"
        " sum(shared_blk_read_time)::float8 / 1000, sum(shared_blk_write_time)::float8 / 1000"
        " FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid WHERE queryid IS NOT NULL"
        " GROUP BY 1, 2, 3 ORDER BY sum(total_exec_time) DESC LIMIT 100",
        ("user", "datname", "queryid"),
        (
            ("calls_total", "counter", "Times the statement ran"),
            ("seconds_total", "counter", "Time spent in the statement, in seconds"),
            ("rows_total", "counter", "Rows returned or changed"),
            (
                "block_read_seconds_total",
                "counter",
                "Time spent reading blocks, in seconds (track_io_timing)",
            ),
            (
                "block_write_seconds_total",
                "counter",
                "Time spent writing blocks, in seconds (track_io_timing)",
            ),
        ),
    ),
)

_SETTINGS = (
    "SELECT name, setting, unit, vartype, short_desc FROM pg_settings"
    " WHERE vartype IN ('bool', 'integer', 'real')"
)
_UNITS = {
    "B": ("_bytes", 1.0),
    "kB": ("_bytes", 1024.0),
    "8kB": ("_bytes", 8192.0),
    "MB": ("_bytes", 1024.0**2),
    "16MB": ("_bytes", 16 * 1024.0**2),
    "ms": ("_seconds", 0.001),
    "s": ("_seconds", 1.0),
    "min": ("_seconds", 60.0),
}


SETTINGS_EVERY_S = 30.0
"""Settings hardly ever change, and there are hundreds."""


class PostgresFigures:
    """Reads one database over one connection that is opened again when it broke.

    `dsn` names a role that is a member of pg_monitor.
    """

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: psycopg.Connection[tuple[object, ...]] | None = None
        self._settings: list[Family] = []
        self._settings_at = -SETTINGS_EVERY_S

    def collect(self) -> Iterator[Family]:
        """All families; only `pg_up 0` when the server does not answer. A missing view is left out."""
        up = Family("pg_up", "gauge", "Whether the PostgreSQL server answers")
        families: list[Family] = []
        try:
            connection = self._connected()
            for query in QUERIES:
                families.extend(_families(connection, query))
            if monotonic() - self._settings_at >= SETTINGS_EVERY_S:
                self._settings = list(_settings(connection))
                self._settings_at = monotonic()
            families.extend(self._settings)
        except psycopg.Error as error:
            self.close()
            up.add(0.0)
            print(f"exporter: PostgreSQL: {error}".strip(), flush=True)
        else:
            up.add(1.0)
        yield up
        yield from families

    def close(self) -> None:
        """Drop the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self) -> psycopg.Connection[tuple[object, ...]]:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(
                self._dsn,
                autocommit=True,
                row_factory=tuple_row,
                connect_timeout=1,
                application_name="exporter",
                options="-c statement_timeout=2000",
            )
        return self._connection


def _families(connection: psycopg.Connection[tuple[object, ...]], query: Query) -> list[Family]:
    try:
        rows = connection.execute(query.sql.encode()).fetchall()
    except (
        psycopg.errors.UndefinedTable,
        psycopg.errors.UndefinedColumn,
        psycopg.errors.ObjectNotInPrerequisiteState,
        psycopg.errors.InsufficientPrivilege,
    ):
        return []
    families = [Family(f"{query.prefix}_{suffix}", kind, text) for suffix, kind, text in query.columns]
    for row in rows:
        labels = dict(zip(query.labels, map(str, row), strict=False))
        for family, value in zip(families, row[len(query.labels) :], strict=True):
            family.add(_number(value), **labels)
    return families


def _settings(connection: psycopg.Connection[tuple[object, ...]]) -> Iterator[Family]:
    for name, setting, unit, vartype, text in connection.execute(_SETTINGS):
        suffix, factor = _UNITS.get(str(unit), ("", 1.0))
        value = float(setting == "on") if vartype == "bool" else _number(setting)
        family = Family(f"pg_settings_{str(name).replace('.', '_')}{suffix}", "gauge", str(text))
        family.add(value * factor if value > 0 else value)
        yield family


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float | str) else 0.0
