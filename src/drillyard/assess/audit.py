"""The audit: is everything still in the learner's database that was promised, and everything that was there?

Four questions, each asked of the content and not of anybody's word:
 - every order that was acknowledged to a simulated customer exists, once, with its customer and amount;
 - it has all that an order has: lines that add up, a payment, and once that is settled its mail and its stock
   movement, or the jobs that will make them;
 - every row of the seeded data that nothing in the shop may change is there, unchanged;
 - every job that was handed to a queue is done or still in that queue.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import psycopg
import valkey.asyncio as valkey
from psycopg.rows import tuple_row

from drillyard.assess.probe import ProbeError
from drillyard.assess.tables import stand_ins
from drillyard.base.clock import wall
from drillyard.base.errors import UserError
from drillyard.measure.reading import Combine, Reading, Unit, Window
from drillyard.measure.site import Site
from drillyard.measure.source import Described
from drillyard.measure.sources.queues import dead_letters, find_queues, messages
from drillyard.traffic.ledger import Entry, WriteClass, read

Connection = psycopg.AsyncConnection[tuple[Any, ...]]
_Dead = Mapping[str, set[int]]
"""The orders that dead letters are about, by the name of the job."""
_Spans = Sequence[tuple[float, float]]
"""Times in which jobs are not looked for, from and to, in seconds since the epoch."""

DESCRIBES = (
    Described("jobs.lost", Unit.COUNT, Combine.LAST),
    Described("ledger.acknowledged", Unit.COUNT, Combine.LAST),
    Described("ledger.missing", Unit.COUNT, Combine.LAST),
    Described("ledger.changed", Unit.COUNT, Combine.LAST),
    Described("ledger.doubled", Unit.COUNT, Combine.LAST),
    Described("ledger.incomplete", Unit.COUNT, Combine.LAST),
    Described("promise.partner_switched", Unit.COUNT, Combine.LAST),
    Described("promise.unsafe_settings", Unit.COUNT, Combine.LAST),
    Described("rows.lost.<table>", Unit.COUNT, Combine.LAST),
)
AUDITED = ("ledger.", "jobs.lost", "promise.partner", "promise.unsafe")
ROWS = ("rows.lost",)
"""Beginnings of the readings that `audit` gives."""
TIMEOUT_S = 20
CHECKSUMS = 2
"""Of which version a baseline's checksums are: others cannot be compared with."""
JOB_GRACE_S = 2.0
"""A job that was handed over less than this long ago may be between the database and its queue."""
REPORTS_S = 300
"""Reports asked for longer ago are not looked for: the row of a job that is done is kept for a while only."""
_CHUNK = 5_000


def _sum_of(table: str, columns: str, seeded: str) -> str:
    """How many seeded rows there are, and a checksum of what nothing in the shop changes in them."""
    return (
        f"SELECT count(*), coalesce(sum(hash_record_extended(ROW({columns}), 0)::numeric), 0)"  # noqa: S608
        f" FROM public.{table} WHERE {seeded}"
    )


_SEEDED: Mapping[str, str] = {
    "categories": _sum_of("categories", "id::bigint, slug::text, name::text, parent_id::bigint", "true"),
    "products": _sum_of(
        "products",
        "id::bigint, category_id::bigint, name::text, description::text, active,"
        " extract(epoch FROM created_at)",
        "id <= %(products)s",
    ),
    "customers": _sum_of("customers", "id::bigint, email::text, name::text", "id <= %(customers)s"),
    "orders": _sum_of(
        "orders",
        "id::bigint, customer_id::bigint, amount_cents::bigint, currency::text,"
        " extract(epoch FROM placed_at)",
        "id <= %(orders)s",
    ),
    "order_lines": _sum_of(
        "order_lines",
        "order_id::bigint, product_id::bigint, price_cents::bigint, quantity::bigint",
        "order_id <= %(orders)s",
    ),
    "reviews": _sum_of(
        "reviews",
        "id::bigint, product_id::bigint, customer_id::bigint, rating::bigint, body::text,"
        " extract(epoch FROM created_at)",
        "id <= %(reviews)s",
    ),
}
_UNDONE = """
    SELECT clock_timestamp(), coalesce(array_agg(o.id) FILTER (WHERE o.kind = 'send_mail'), '{}'),
           coalesce(array_agg(o.id) FILTER (WHERE o.kind IN ('book_sale', 'restock')), '{}')
      FROM (SELECT kind, (payload ->> 'order_id')::bigint AS id FROM public.outbox WHERE done_at IS NULL) AS o
"""
_INCOMPLETE = """
    SELECT o.id
      FROM public.orders o
      LEFT JOIN public.payments p ON p.order_id = o.id
     WHERE o.id = ANY(%(orders)s)
       AND (p.amount_cents IS DISTINCT FROM o.amount_cents
            OR o.amount_cents IS DISTINCT FROM (SELECT sum(l.quantity::bigint * l.price_cents)
                                                  FROM public.order_lines l WHERE l.order_id = o.id)
            OR (p.status <> 'pending' AND p.updated_at < %(now)s
                AND ((o.id <> ALL(%(mails)s)
                      AND NOT EXISTS (SELECT FROM public.mails_sent m WHERE m.order_id = o.id))
                     OR (o.id <> ALL(%(movements)s)
                         AND NOT EXISTS (SELECT FROM public.stock_movements s WHERE s.order_id = o.id)))))
"""
CLOCK_S = 120.0
"""An order that was acknowledged says that it was placed at that time, give or take so much."""
_UNSAFE = b"""
    WITH safe (name) AS (VALUES ('fsync'), ('full_page_writes'), ('data_checksums'), ('synchronous_commit'))
    SELECT count(DISTINCT name)
      FROM (SELECT name FROM safe JOIN pg_catalog.pg_settings s USING (name) WHERE s.setting = 'off'
            UNION ALL
            SELECT name FROM safe, pg_catalog.pg_db_role_setting r, unnest(r.setconfig) AS set (text)
             WHERE split_part(set.text, '=', 1) = name
               AND lower(split_part(set.text, '=', 2)) IN ('off', 'false', 'no', '0')) AS found
"""
_NEWEST = "SELECT coalesce(max(id), 0) FROM public."
_WITH_ID = ("products", "customers", "orders", "reviews")


@dataclass(frozen=True)
class Seeded:
    """One table's seeded rows: how many, and a checksum of what may not change."""

    rows: int
    checksum: str


@dataclass(frozen=True)
class Baseline:
    """What the data set was when the drill began. `newest` is the largest id by table, `partner` how the
    payment partner behaved; `version` that of the checksums.
    """

    newest: dict[str, int]
    tables: dict[str, Seeded]
    partner: dict[str, float]
    version: int = CHECKSUMS

    def save(self, file: Path) -> None:
        """Write it to the drill's own store."""
        file.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def load(cls, file: Path) -> "Baseline | None":
        """What `save` wrote; None when it is of another version, whose checksums say nothing to ours.

        Raises:
            UserError: it is missing or damaged.
        """
        try:
            stored = json.loads(file.read_text(encoding="utf-8"))
            if stored.get("version") != CHECKSUMS:
                return None
            tables = {
                name: Seeded(int(t["rows"]), str(t["checksum"])) for name, t in stored["tables"].items()
            }
            newest = {name: int(value) for name, value in stored["newest"].items()}
            return cls(newest, tables, {name: float(value) for name, value in stored["partner"].items()})
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(
                "The record of the seeded data cannot be read",
                where=str(file),
                next_step="`drill reset` makes it anew.",
            ) from error


async def take_baseline(site: Site) -> Baseline:
    """Read the seeded data of a range to which no customer came yet."""
    async with await connect(site) as connection:
        newest = {}
        for table in _WITH_ID:
            row = await (await connection.execute(f"{_NEWEST}{table}".encode())).fetchone()
            newest[table] = int(row[0]) if row else 0
        return Baseline(newest, await _seeded(connection, newest), await _partner(site))


@dataclass(frozen=True)
class Forgiven:
    """What is not looked for, because it is judged by itself: orders by their `keys` (disasters took them, or
    they met a fault), and jobs that were handed over in `spans` (seconds since the epoch) in which workers
    were made to die.
    """

    keys: frozenset[str] = frozenset()
    spans: tuple[tuple[float, float], ...] = ()

    def also(self, spans: Iterable[tuple[float, float]]) -> "Forgiven":
        """The same, and jobs of more time."""
        return replace(self, spans=(*self.spans, *spans))


NOTHING = Forgiven()


async def audit(
    site: Site, baseline: Baseline | None, ledgers: Iterable[Path], *, forgiven: Forgiven = NOTHING
) -> list[Reading]:
    """What became of everything that was promised but for what is `forgiven`; the partner's switches where
    there is a baseline.

    Raises:
        psycopg.Error, valkey.ValkeyError, httpx.HTTPError, OSError: the range does not answer.
        ProbeError: something stands in a table's place.
        UserError: a ledger is damaged.
    """
    started = wall()
    entries = await asyncio.to_thread(
        lambda: [entry for path in ledgers for entry in read(path) if entry.key not in forgiven.keys]
    )
    async with await connect(site) as connection:
        if odd := await stand_ins(connection):
            raise ProbeError(f"{', '.join(odd)}: no tables of these names are in the schema public")
        counted = await _orders(connection, entries)
        dead = await _dead_letters(site)
        counted |= {"ledger.incomplete": float(await _incomplete(connection, entries, dead))}
        counted |= {"jobs.lost": float(await _lost_jobs(connection, site, dead, forgiven.spans))}
        counted |= {"promise.unsafe_settings": float(await _unsafe(connection))}
    if baseline is not None:
        switched = (await _partner(site)).items() ^ baseline.partner.items()
        counted["promise.partner_switched"] = float(len({name for name, _ in switched}))
    return _counts(counted, started, "ledger of the traffic and the shop's tables")


async def audit_rows(site: Site, baseline: Baseline | None) -> list[Reading]:
    """Whether the seeded rows are there, unchanged; nothing without a baseline. Reads whole tables.

    Whatever stands in a table's place shows what it likes: it is not read, and counts as lost.

    Raises:
        psycopg.Error: the database does not answer.
    """
    if baseline is None:
        return []
    started = wall()
    async with await connect(site) as connection:
        if odd := await stand_ins(connection):
            counted = {f"rows.lost.{table}": 1.0 for table in odd}
        else:
            counted = _rows_lost(baseline, await _seeded(connection, baseline.newest))
    return _counts(counted, started, "the shop's tables beside what they were at the start")


def _counts(counted: Mapping[str, float], started: float, source: str) -> list[Reading]:
    window = Window(started, wall())
    return [
        Reading(name, value, Unit.COUNT, window, source, combine=Combine.LAST)
        for name, value in counted.items()
    ]


async def connect(site: Site) -> Connection:
    """A connection to a range's database that the learner cannot bar, and that finds no names of theirs.

    Raises:
        psycopg.Error: it does not answer.
    """
    return await psycopg.AsyncConnection.connect(
        psycopg.conninfo.make_conninfo(
            site.audit_dsn or site.dsn,
            application_name="drillyard-measure",
            connect_timeout=3,
            options=f"-c statement_timeout={TIMEOUT_S}s -c search_path=pg_catalog",
        ),
        autocommit=True,
        row_factory=tuple_row,
    )


async def _partner(site: Site) -> dict[str, float]:
    """The partner's switches; they are the partner's own, and nobody's of the shop to set."""
    async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client:
        found = (await client.get(site.url("partner", "/control"))).raise_for_status().json()
    return {str(name): float(value) for name, value in found.items()}


async def _unsafe(connection: Connection) -> int:
    """Switches that keep what was acknowledged and notice what a disk gives back wrong, and are off."""
    row = await (await connection.execute(_UNSAFE)).fetchone()
    return int(row[0]) if row else 0


async def _seeded(connection: Connection, newest: Mapping[str, int]) -> dict[str, Seeded]:
    found = {}
    for table, query in _SEEDED.items():
        row = await (await connection.execute(query.encode(), newest)).fetchone()
        found[table] = Seeded(int(row[0]), str(row[1])) if row else Seeded(0, "")
    return found


def _rows_lost(baseline: Baseline, now: Mapping[str, Seeded]) -> dict[str, float]:
    lost = {}
    for table, then in baseline.tables.items():
        gone = max(0, then.rows - now[table].rows)
        changed = now[table].checksum != then.checksum
        lost[f"rows.lost.{table}"] = float(max(gone, int(changed)))
    return lost


async def _orders(connection: Connection, entries: Sequence[Entry]) -> dict[str, float]:
    promised = [e for e in entries if e.kind is WriteClass.ACKNOWLEDGED and e.order_id is not None]
    missing = changed = 0
    for start in range(0, len(promised), _CHUNK):
        chunk = promised[start : start + _CHUNK]
        cursor = await connection.execute(
            b"SELECT id, customer_id, amount_cents, extract(epoch FROM placed_at)::float8"
            b" FROM public.orders WHERE id = ANY(%s)",
            ([int(str(entry.order_id)) for entry in chunk],),
        )
        there = {int(row[0]): row[1:] for row in await cursor.fetchall()}
        for entry in chunk:
            found = there.get(int(str(entry.order_id)))
            if found is None:
                missing += 1
            elif (
                (entry.amount_cents is not None and found[1] != entry.amount_cents)
                or (entry.customer is not None and found[0] != entry.customer)
                or (entry.answered is not None and abs(found[2] - entry.answered) > CLOCK_S)
            ):
                changed += 1
    orders_by_key: dict[str, set[object]] = {}
    for entry in promised:
        orders_by_key.setdefault(entry.key, set()).add(entry.order_id)
    reused = sum(count - 1 for count in Counter(str(e.order_id) for e in promised).values() if count > 1)
    doubled = sum(len(ids) > 1 for ids in orders_by_key.values()) + reused
    return {
        "ledger.acknowledged": float(len(promised)),
        "ledger.missing": float(missing),
        "ledger.changed": float(changed),
        "ledger.doubled": float(doubled),
    }


async def _incomplete(connection: Connection, entries: Sequence[Entry], dead: _Dead) -> int:
    """Acknowledged orders of which something is missing that no job will bring any more; looked at twice,
    because orders move while one looks. What a dead letter would have brought was put aside, not lost.
    """
    acknowledged = (entry for entry in entries if entry.kind is WriteClass.ACKNOWLEDGED)
    promised = {int(str(entry.order_id)) for entry in acknowledged if entry.order_id is not None}
    first = await _lacking(connection, sorted(promised), dead)
    if not first:
        return 0
    await asyncio.sleep(JOB_GRACE_S / 2)
    return len(await _lacking(connection, sorted(first), dead))


async def _lacking(connection: Connection, orders: Sequence[int], dead: _Dead) -> set[int]:
    """Those of `orders` without all that they must have. A job's effect is there before the job is done, so
    what is undone is asked for first.
    """
    undone = await (await connection.execute(_UNDONE.encode())).fetchone()
    if undone is None:
        return set()
    named = {
        "now": undone[0],
        "mails": [*undone[1], *dead.get("send_mail", ())],
        "movements": [*undone[2], *dead.get("book_sale", ()), *dead.get("restock", ())],
    }
    found: set[int] = set()
    for start in range(0, len(orders), _CHUNK):
        chunk = {**named, "orders": orders[start : start + _CHUNK]}
        found |= {
            int(row[0]) for row in await (await connection.execute(_INCOMPLETE.encode(), chunk)).fetchall()
        }
    return found


async def _lost_jobs(connection: Connection, site: Site, dead: _Dead, spans: _Spans) -> int:
    """Jobs that are neither done nor in a queue; looked at twice, because jobs move while one looks."""
    first = await _unaccounted(connection, site, dead, spans)
    if not first:
        return 0
    await asyncio.sleep(JOB_GRACE_S / 2)
    return len(first & await _unaccounted(connection, site, dead, spans))


async def _unaccounted(
    connection: Connection, site: Site, dead: _Dead, spans: _Spans
) -> frozenset[tuple[str, int]]:
    """Handed-over jobs in no queue (but for those handed over in `spans`, and those about an order that never
    was: deleting them is no loss), pending payments that no job will charge, and reports that no job was
    promised for.
    """
    grace = (JOB_GRACE_S,)
    sent = await connection.execute(
        b"SELECT id FROM public.outbox WHERE done_at IS NULL"
        b" AND sent_at < clock_timestamp() - make_interval(secs => %s)"
        b" AND (payload ->> 'order_id' IS NULL OR EXISTS"
        b" (SELECT FROM public.orders o WHERE o.id = (payload ->> 'order_id')::bigint))"
        b" AND NOT EXISTS (SELECT FROM unnest(%s::float8[], %s::float8[]) AS span (first, last)"
        b" WHERE extract(epoch FROM sent_at) BETWEEN span.first AND span.last)",
        (*grace, [first for first, _ in spans], [last for _, last in spans]),
    )
    waiting = {int(row[0]) for row in await sent.fetchall()}
    queued = await _queued_ids(site) if waiting else set()
    orphans = await connection.execute(
        b"SELECT p.order_id FROM public.payments p WHERE p.status = 'pending'"
        b" AND p.created_at < clock_timestamp() - make_interval(secs => %s)"
        b" AND NOT EXISTS (SELECT FROM public.outbox o WHERE o.done_at IS NULL AND o.kind = 'charge_payment'"
        b" AND (o.payload ->> 'order_id')::bigint = p.order_id)",
        grace,
    )
    reports = await connection.execute(
        b"SELECT r.id FROM public.reports r WHERE r.finished_at IS NULL"
        b" AND r.requested_at BETWEEN clock_timestamp() - make_interval(secs => %s)"
        b" AND clock_timestamp() - make_interval(secs => %s)"
        b" AND NOT EXISTS (SELECT FROM public.outbox o WHERE o.kind = 'make_report'"
        b" AND (o.payload ->> 'report_id')::bigint = r.id)",
        (REPORTS_S, *grace),
    )
    never_promised = {("report", int(row[0])) for row in await reports.fetchall()}
    put_aside = dead.get("charge_payment", set())
    without_job = {("payment", int(row[0])) for row in await orphans.fetchall()}
    without_job -= {("payment", order) for order in put_aside}
    return frozenset({("job", number) for number in waiting - queued} | without_job | never_promised)


async def _dead_letters(site: Site) -> _Dead:
    found: dict[str, set[int]] = {}
    async with _broker(site) as client:
        for key in (await find_queues(client)).values():
            async for message in dead_letters(client, key):
                if isinstance(order := message.get("kwargs", {}).get("order_id"), int):
                    found.setdefault(str(message.get("actor_name")), set()).add(order)
    return found


async def _queued_ids(site: Site) -> set[int]:
    async with _broker(site) as client:
        return {
            number
            for key in (await find_queues(client)).values()
            async for message in messages(client, key)
            if isinstance(number := message.get("options", {}).get("outbox_id"), int)
        }


def _broker(site: Site) -> valkey.Valkey:
    endpoint = site.addresses.endpoint("valkey")
    return valkey.Valkey(
        host=endpoint.host, port=endpoint.port, socket_timeout=3, client_name="drillyard-measure"
    )
