"""Whether every job is done, waits in a queue, or was put aside (a dead letter), and whether payments and
reports that wait have a job at all.
"""

import asyncio
from collections.abc import Mapping, Sequence

import valkey.asyncio as valkey

from drillyard.assess.tables import Connection
from drillyard.measure.site import Site
from drillyard.measure.sources.queues import dead_letters, find_queues, messages

Dead = Mapping[str, set[int]]
"""The orders that dead letters are about, by the name of the job."""
Spans = Sequence[tuple[float, float]]
"""Times in which jobs are not looked for, from and to, in seconds since the epoch."""
GRACE_S = 2.0
"""A job that was handed over less than this long ago may be between the database and its queue."""
REPORTS_S = 300
"""Reports asked for longer ago are not looked for: the row of a job that is done is kept for a while only."""


async def lost_jobs(connection: Connection, site: Site, dead: Dead, spans: Spans) -> int:
    """How many jobs are lost, and payments and reports that have none; looked at twice, because jobs
    move while one looks. Payments among the `dead` are not lost, nor what was handed over in `spans`.

    Raises:
        psycopg.Error, valkey.ValkeyError: the range does not answer.
    """
    first = await _unaccounted(connection, site, dead, spans)
    if not first:
        return 0
    await asyncio.sleep(GRACE_S / 2)
    return len(first & await _unaccounted(connection, site, dead, spans))


async def _unaccounted(
    connection: Connection, site: Site, dead: Dead, spans: Spans
) -> frozenset[tuple[str, int]]:
    """Handed-over jobs in no queue (but for those handed over in `spans`, and those about an order that never
    was: deleting them is no loss), pending payments that no job will charge, and reports that no job was
    promised for.
    """
    grace = (GRACE_S,)
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
    without_job = {("payment", int(row[0])) for row in await orphans.fetchall()}
    without_job -= {("payment", order) for order in dead.get("charge_payment", ())}
    return frozenset({("job", number) for number in waiting - queued} | without_job | never_promised)


async def put_aside(site: Site) -> Dead:
    """The orders that the dead letters of all queues are about.

    Raises:
        valkey.ValkeyError: the broker does not answer.
    """
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
