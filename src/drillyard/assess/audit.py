"""The audit: is everything still in the learner's database that was promised, and everything that was there?

Four questions, each asked of the content and not of anybody's word:
 - every order that was acknowledged to a simulated customer exists, once, with its customer and amount;
 - it has all that an order has: lines that add up, a payment, and once that is settled its mail and its stock
   movement, or the jobs that will make them;
 - every row of the seeded data that nothing in the shop may change is there, unchanged;
 - every job that was handed to a queue is done or still in that queue.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from drillyard.assess.baseline import Baseline, partner_switches, rows_lost
from drillyard.assess.lost_jobs import GRACE_S, Dead, lost_jobs, put_aside
from drillyard.assess.probe import ProbeError
from drillyard.assess.tables import Connection, connect, stand_ins
from drillyard.base.clock import wall
from drillyard.measure.reading import Combine, Reading, Unit, Window
from drillyard.measure.site import Site
from drillyard.measure.source import Described
from drillyard.traffic.ledger import Entry, WriteClass, read

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
"""Beginnings of the readings that `audit` gives, and of those that `audit_rows` does."""
CLOCK_S = 120.0
"""An order that was acknowledged says that it was placed at that time, give or take so much."""
_CHUNK = 5_000
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
_UNSAFE = b"""
    WITH safe (name) AS (VALUES ('fsync'), ('full_page_writes'), ('data_checksums'), ('synchronous_commit'))
    SELECT count(DISTINCT name)
      FROM (SELECT name FROM safe JOIN pg_catalog.pg_settings s USING (name) WHERE s.setting = 'off'
            UNION ALL
            SELECT name FROM safe, pg_catalog.pg_db_role_setting r, unnest(r.setconfig) AS set (text)
             WHERE split_part(set.text, '=', 1) = name
               AND lower(split_part(set.text, '=', 2)) IN ('off', 'false', 'no', '0')) AS found
"""


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
        dead = await put_aside(site)
        counted |= {"ledger.incomplete": float(await _incomplete(connection, entries, dead))}
        counted |= {"jobs.lost": float(await lost_jobs(connection, site, dead, forgiven.spans))}
        counted |= {"promise.unsafe_settings": float(await _unsafe(connection))}
    if baseline is not None:
        switched = (await partner_switches(site)).items() ^ baseline.partner.items()
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
            counted = await rows_lost(connection, baseline)
    return _counts(counted, started, "the shop's tables beside what they were at the start")


def _counts(counted: Mapping[str, float], started: float, source: str) -> list[Reading]:
    window = Window(started, wall())
    return [
        Reading(name, value, Unit.COUNT, window, source, combine=Combine.LAST)
        for name, value in counted.items()
    ]


async def _unsafe(connection: Connection) -> int:
    """Switches that keep what was acknowledged and notice what a disk gives back wrong, and are off."""
    row = await (await connection.execute(_UNSAFE)).fetchone()
    return int(row[0]) if row else 0


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


async def _incomplete(connection: Connection, entries: Sequence[Entry], dead: Dead) -> int:
    """Acknowledged orders of which something is missing that no job will bring any more; looked at twice,
    because orders move while one looks. What a dead letter would have brought was put aside, not lost.
    """
    acknowledged = (entry for entry in entries if entry.kind is WriteClass.ACKNOWLEDGED)
    promised = {int(str(entry.order_id)) for entry in acknowledged if entry.order_id is not None}
    first = await _lacking(connection, sorted(promised), dead)
    if not first:
        return 0
    await asyncio.sleep(GRACE_S / 2)
    return len(await _lacking(connection, sorted(first), dead))


async def _lacking(connection: Connection, orders: Sequence[int], dead: Dead) -> set[int]:
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
