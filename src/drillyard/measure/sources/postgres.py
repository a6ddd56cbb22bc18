"""PostgreSQL: what statements cost, and what its connections were doing.

Statements of the role `monitor` (this source, the range's exporter) and of the superuser are left out.
Statement counters come from pg_stat_statements (https://www.postgresql.org/docs/18/pgstatstatements.html),
which a learner may reset or switch off: both are noticed, and give a gap instead of a flattering figure. So
is a shop that hides its statements (by signing in as one of those left out, say): transactions are counted by
the database itself, whoever makes them (pg_stat_database), and each has a statement at least.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import psycopg
from psycopg.rows import dict_row

from drillyard.measure.reading import Combine, Unit
from drillyard.measure.site import Site
from drillyard.measure.source import Described, Sheet, Source, SourceError, deltas

_OPTIONS: dict[str, str | int | None] = {
    "application_name": "drillyard-measure",
    "connect_timeout": 5,
    "options": "-c statement_timeout=5000 -c search_path=pg_catalog",
}
_SCHEMA = """
SELECT quote_ident(n.nspname) AS schema
  FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'
"""
"""Where the real one is: in another schema a view of that name can say anything."""
_STATEMENTS = """
SELECT s.userid || '/' || s.queryid || '/' || s.toplevel AS entry,
       coalesce(substring(s.query FROM '/\\*\\s*(?:name:)?\\s*([a-z][a-z0-9_.]*)\\s*\\*/'), '') AS query,
       (shared_blks_hit + shared_blks_read)::float8 AS buffers, calls::float8 AS calls, rows::float8 AS rows,
       shared_blks_read::float8 AS reads, temp_blks_written::float8 AS temp_blocks,
       total_exec_time AS time, wal_bytes::float8 AS wal
  FROM {schema}.pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid
 WHERE r.rolname <> ALL (ARRAY['monitor', 'postgres'])
   AND s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_INFO = """
SELECT dealloc::float8 AS dealloc, extract(epoch FROM i.stats_reset)::float8 AS reset,
       extract(epoch FROM pg_postmaster_start_time())::float8 AS started,
       current_setting('pg_stat_statements.track_utility')::bool
       AND NOT EXISTS (SELECT FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole,
                              unnest(s.setconfig) AS one
                        WHERE starts_with(one, 'pg_stat_statements.')
                          AND r.rolname IS DISTINCT FROM 'monitor')
       AS counts_all
  FROM {schema}.pg_stat_statements_info i
"""
_DATABASE = """
SELECT xact_commit::float8 AS commits, xact_rollback::float8 AS rollbacks, deadlocks::float8 AS deadlocks
  FROM pg_stat_database WHERE datname = current_database()
"""
_TABLES = "SELECT coalesce(sum(seq_tup_read), 0)::float8 AS seq_rows FROM pg_stat_user_tables"
_ALLOWED = """
SELECT (current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
        - current_setting('reserved_connections')::int)::float8 AS allowed
"""
_ACTIVITY = """
SELECT coalesce(state, '') AS state, lower(coalesce(wait_event_type, '')) AS wait, count(*)::int AS n
  FROM pg_stat_activity
 WHERE backend_type = 'client backend' AND usename IS DISTINCT FROM 'monitor'
   AND NOT (usename = 'postgres' AND application_name = 'drillyard-measure')
 GROUP BY 1, 2
"""
_REPLICAS = """
SELECT max(CASE WHEN pg_is_in_recovery() THEN 0
                ELSE pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn) END)::float8 AS lag
  FROM pg_stat_replication WHERE replay_lsn IS NOT NULL
"""
HIDDEN = 1.5
"""Transactions to a statement: each has one at least, so more than this says that others are not counted."""
OURS = 60
"""Transactions of our own in a window: looks at statistics, the exporter's, readiness of components."""
_IDLE_WAITS = frozenset({"", "client", "activity"})
_STATEMENT_READINGS = ("buffers", "reads", "calls", "rows", "temp_blocks", "time", "wal")
_CALLS = _STATEMENT_READINGS.index("calls")
_STATEMENTS_SOURCE = "pg_stat_statements, without the role monitor"


@dataclass
class _Samples:
    total: list[int] = field(default_factory=list)
    active: list[int] = field(default_factory=list)
    idle_in_transaction: list[int] = field(default_factory=list)
    waits: Counter[str] = field(default_factory=Counter)
    lag: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class _Statement:
    """One entry of pg_stat_statements. `query` is the name that its text carries in a comment, if any."""

    query: str
    figures: tuple[float, ...]
    """In the order of `_STATEMENT_READINGS`."""


@dataclass(frozen=True)
class _Snapshot:
    statements: dict[str, _Statement]
    database: dict[str, float]
    dealloc: float
    reset: float
    started: float
    counts_all: bool


class Postgres(Source):
    """Counters of statements, transactions and tables; connections and waits by sampling."""

    name = "postgres"
    describes = (
        Described("db.buffers", Unit.COUNT, Combine.SUM, per_request=True),
        Described("db.reads", Unit.COUNT, Combine.SUM, per_request=True),
        Described("db.calls", Unit.COUNT, Combine.SUM, per_request=True),
        Described("db.rows", Unit.COUNT, Combine.SUM, per_request=True),
        Described("db.temp_blocks", Unit.COUNT, Combine.SUM, per_request=True),
        Described("db.time", Unit.MILLISECONDS, Combine.SUM, per_request=True),
        Described("db.wal", Unit.BYTES, Combine.SUM, per_request=True),
        Described("db.seq_rows", Unit.COUNT, Combine.SUM, per_request=True),
        Described("db.query.calls.<query>", Unit.COUNT, Combine.SUM),
        Described("db.query.buffers.<query>", Unit.COUNT),
        Described("db.query.rows.<query>", Unit.COUNT),
        Described("db.query.time.<query>", Unit.MILLISECONDS),
        Described("db.commits", Unit.COUNT, Combine.SUM),
        Described("db.rollbacks", Unit.COUNT, Combine.SUM),
        Described("db.deadlocks", Unit.COUNT, Combine.SUM),
        Described("db.connections.max", Unit.COUNT, Combine.MAX),
        Described("db.connections.allowed", Unit.COUNT, Combine.LAST),
        Described("db.connections.active", Unit.COUNT),
        Described("db.connections.idle_in_transaction", Unit.COUNT),
        Described("db.waits.<kind>", Unit.COUNT),
        Described("db.replica_lag", Unit.BYTES, Combine.MAX),
    )

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self._connection: psycopg.AsyncConnection[dict[str, object]] | None = None
        self._before: _Snapshot | None = None
        self._samples = _Samples()

    async def begin(self) -> None:
        """Read the counters, and start counting connections."""
        self._samples = _Samples()
        self._before = await self._snapshot()
        await self.sample()

    async def sample(self) -> None:
        """Count connections by state and by what they wait for; see how far behind standbys are."""
        rows = await self._rows(_ACTIVITY)
        seen: Counter[str] = Counter()
        for row in rows:
            seen[str(row["state"])] += _int(row["n"])
            if row["state"] == "active" and row["wait"] not in _IDLE_WAITS:
                self._samples.waits[str(row["wait"])] += _int(row["n"])
        self._samples.total.append(seen.total())
        self._samples.active.append(seen["active"])
        self._samples.idle_in_transaction.append(
            seen["idle in transaction"] + seen["idle in transaction (aborted)"]
        )
        lag = (await self._rows(_REPLICAS))[0]["lag"]
        if lag is not None:
            self._samples.lag.append(_float(lag))

    async def end(self, sheet: Sheet) -> None:
        """Read the counters again and write down what they grew by."""
        before, after = self._before, await self._snapshot()
        if before is None:
            raise SourceError("there was no snapshot at the start of the window")
        if after.started != before.started:
            raise SourceError("PostgreSQL was restarted inside the window")
        self._statements(sheet, before, after)
        for name, value in deltas(before.database, after.database).items():
            sheet.add(f"db.{name}", value, "pg_stat_database, pg_stat_user_tables")
        allowed = await self._rows(_ALLOWED)
        sheet.add("db.connections.allowed", _float(allowed[0]["allowed"]), "SHOW max_connections")
        self._connections(sheet)

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    def _statements(self, sheet: Sheet, before: _Snapshot, after: _Snapshot) -> None:
        reason = _why_statements_prove_nothing(before, after, sheet.requests)
        if reason:
            for name in (*_STATEMENT_READINGS, "query."):
                sheet.missing(f"db.{name}", reason)
            return
        nothing = _Statement("", (0.0,) * len(_STATEMENT_READINGS))
        total = [0.0] * len(_STATEMENT_READINGS)
        named: dict[str, list[float]] = {}
        for entry, statement in after.statements.items():
            earlier = before.statements.get(entry, nothing).figures
            grown = [now - then for now, then in zip(statement.figures, earlier, strict=True)]
            total = [a + b for a, b in zip(total, grown, strict=True)]
            if statement.query:
                sums = named.setdefault(statement.query, [0.0] * len(grown))
                named[statement.query] = [a + b for a, b in zip(sums, grown, strict=True)]
        for name, value in zip(_STATEMENT_READINGS, total, strict=True):
            sheet.add(f"db.{name}", value, _STATEMENTS_SOURCE)
        for query, sums in named.items():
            _write_query(sheet, query, dict(zip(_STATEMENT_READINGS, sums, strict=True)))

    def _connections(self, sheet: Sheet) -> None:
        samples, source = self._samples, "pg_stat_activity, twice a second"
        looks = len(samples.total)
        if not looks:
            return
        sheet.add("db.connections.max", max(samples.total), source)
        sheet.add("db.connections.active", sum(samples.active) / looks, source)
        idle = sum(samples.idle_in_transaction) / looks
        sheet.add("db.connections.idle_in_transaction", idle, source)
        for kind, count in samples.waits.items():
            sheet.add(f"db.waits.{kind}", count / looks, source)
        if samples.lag:
            sheet.add("db.replica_lag", max(samples.lag), "pg_stat_replication, twice a second")

    async def _snapshot(self) -> _Snapshot:
        schema = await self._rows(_SCHEMA)
        if not schema:
            raise SourceError("the extension pg_stat_statements is not in the database any more")
        where = str(schema[0]["schema"])
        info = (await self._rows(_INFO.format(schema=where)))[0]
        rows = await self._rows(_STATEMENTS.format(schema=where))
        statements = {
            str(row["entry"]): _Statement(
                str(row["query"]), tuple(_float(row[name]) for name in _STATEMENT_READINGS)
            )
            for row in rows
        }
        database = {**(await self._rows(_DATABASE))[0], **(await self._rows(_TABLES))[0]}
        return _Snapshot(
            statements,
            {name: _float(value) for name, value in database.items()},
            _float(info["dealloc"]),
            _float(info["reset"]),
            _float(info["started"]),
            info["counts_all"] is True,
        )

    async def _rows(self, sql: str) -> Sequence[dict[str, object]]:
        if self._connection is None or self._connection.closed:
            self._connection = await psycopg.AsyncConnection.connect(
                psycopg.conninfo.make_conninfo(self.site.dsn, **_OPTIONS),
                autocommit=True,
                row_factory=dict_row,
            )
        cursor = await self._connection.execute(sql.encode())
        return await cursor.fetchall()


def _write_query(sheet: Sheet, query: str, sums: dict[str, float]) -> None:
    calls = sums["calls"]
    sheet.add(f"db.query.calls.{query}", calls, _STATEMENTS_SOURCE)
    for name in ("buffers", "rows", "time"):
        sheet.add_ratio(f"db.query.{name}.{query}", sums[name], calls, _STATEMENTS_SOURCE)


def _why_statements_prove_nothing(before: _Snapshot, after: _Snapshot, requests: int) -> str:
    """Why the counters of pg_stat_statements cannot be compared; empty when they can."""
    if not (before.counts_all and after.counts_all):
        return (
            "pg_stat_statements does not count everything: pg_stat_statements.track_utility is off,"
            " or a role or the database has settings of its own for it"
        )
    if after.reset != before.reset:
        return "pg_stat_statements was reset inside the window"
    if after.dealloc != before.dealloc:
        return "pg_stat_statements.max is too small: statements were dropped inside the window"
    for entry, statement in before.statements.items():
        now = after.statements.get(entry)
        if now is None or now.figures[_CALLS] < statement.figures[_CALLS]:
            return "an entry of pg_stat_statements was reset inside the window"
    return _why_they_are_not_all(before, after, requests)


def _why_they_are_not_all(before: _Snapshot, after: _Snapshot, requests: int) -> str:
    """Why there must have been statements that were not counted; empty when nothing says so."""
    then, now = (sum(each.figures[_CALLS] for each in side.statements.values()) for side in (before, after))
    if requests and then == now:
        return (
            f"pg_stat_statements counted nothing while customers sent {requests} requests:"
            " is pg_stat_statements.track on?"
        )
    ended = sum(after.database[name] - before.database[name] for name in ("commits", "rollbacks"))
    if ended - OURS > HIDDEN * (now - then):
        return (
            f"the database ended {ended:.0f} transactions, and pg_stat_statements counted {now - then:.0f}"
            " statements of the shop's roles: as whom does the shop sign in?"
        )
    return ""


def _float(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _int(value: object) -> int:
    return value if isinstance(value, int) else 0
