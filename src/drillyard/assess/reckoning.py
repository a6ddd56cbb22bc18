"""What became of every order that customers tried to place: held against the tables after a recovery.

The ledger of the traffic lies outside the range, and no disaster reaches it. An order is looked up by the
idempotency key that its customer sent, not by its number: after a restore the shop may give a number twice.
The recovery point is as old as the oldest acknowledged order that is gone: what was acknowledged before that
is there (recovery point objective: NIST SP 800-34 Rev. 1, 3.2.1, "the point in time, prior to a
disruption, to which data can be recovered").
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from drillyard.assess.tables import Connection
from drillyard.traffic.ledger import Entry, WriteClass

_CHUNK = 5_000
_BY_KEY = b"""
    SELECT k.customer_id, k.key, o.customer_id, o.amount_cents
      FROM public.idempotency_keys k JOIN public.orders o ON o.id = k.order_id
     WHERE k.key = ANY(%s)
"""
_WITHOUT_KEY = b"""
    SELECT o.id, o.customer_id, o.amount_cents FROM public.orders o
     WHERE o.id = ANY(%s) AND NOT EXISTS (SELECT FROM public.idempotency_keys k WHERE k.order_id = o.id)
"""


class Fate(StrEnum):
    """What became of an attempted order."""

    KEPT = "kept"
    """Acknowledged, and there as it was acknowledged."""
    LOST = "lost"
    """Acknowledged, and not there, or with another amount or customer."""
    INDETERMINATE = "indeterminate"
    """Its customer got no answer: both is right, there or not."""
    PHANTOM = "phantom"
    """There although the customer was told no."""
    REFUSED = "refused"
    """The customer was told no, and it is not there."""


@dataclass(frozen=True)
class Order:
    """An order in the tables."""

    customer: int
    amount_cents: int


@dataclass(frozen=True)
class Judged:
    """One entry of the ledger and its fate."""

    entry: Entry
    fate: Fate


@dataclass(frozen=True)
class Reckoning:
    """All entries, judged. `moment` is when the disaster struck (seconds since the epoch)."""

    judged: tuple[Judged, ...]
    moment: float

    @property
    def fates(self) -> Counter[Fate]:
        """How many of each."""
        return Counter(each.fate for each in self.judged)

    @property
    def lost(self) -> tuple[Entry, ...]:
        """The acknowledged orders that are gone, oldest first."""
        return tuple(sorted((each.entry for each in self.judged if each.fate is Fate.LOST), key=known_at))

    @property
    def recovery_point_s(self) -> float:
        """How much time the recovery took back: from the oldest acknowledged order that is gone to the
        disaster; or, when orders of after it are gone too (those that customers placed between a bad
        migration and the restore), to the newest of them. 0 when none is lost.
        """
        if not self.lost:
            return 0.0
        times = [known_at(entry) for entry in self.lost]
        return max(self.moment, *times) - min(times)

    @property
    def lost_cents(self) -> int:
        """What the lost orders were worth."""
        return sum(entry.amount_cents or 0 for entry in self.lost)


def reckon(
    entries: Iterable[Entry],
    by_key: Mapping[tuple[int, str], Order],
    without_key: Mapping[int, Order],
    moment: float,
) -> Reckoning:
    """Judge every entry by the orders in the tables: by customer and key; by number those `without_key`."""
    return Reckoning(tuple(Judged(each, _fate(each, by_key, without_key)) for each in entries), moment)


async def reckon_tables(connection: Connection, entries: Sequence[Entry], moment: float) -> Reckoning:
    """The same, with a database asked for its orders; `connection` gives tuples.

    Raises:
        psycopg.Error: it does not answer.
    """
    by_key: dict[tuple[int, str], Order] = {}
    without_key: dict[int, Order] = {}
    for start in range(0, len(entries), _CHUNK):
        chunk = entries[start : start + _CHUNK]
        cursor = await connection.execute(_BY_KEY, ([entry.key for entry in chunk],))
        for customer, key, buyer, amount in await cursor.fetchall():
            by_key[int(customer), str(key)] = Order(int(buyer), int(amount))
        numbers = [int(str(entry.order_id)) for entry in chunk if entry.order_id is not None]
        cursor = await connection.execute(_WITHOUT_KEY, (numbers,))
        for number, buyer, amount in await cursor.fetchall():
            without_key[int(number)] = Order(int(buyer), int(amount))
    return reckon(entries, by_key, without_key, moment)


def _fate(entry: Entry, by_key: Mapping[tuple[int, str], Order], without_key: Mapping[int, Order]) -> Fate:
    found = by_key.get((entry.customer or 0, entry.key))
    match entry.kind:
        case WriteClass.INDETERMINATE:
            return Fate.INDETERMINATE
        case WriteClass.REFUSED:
            return Fate.REFUSED if found is None else Fate.PHANTOM
        case WriteClass.ACKNOWLEDGED:
            if found is None and entry.order_id is not None:
                found = without_key.get(int(str(entry.order_id)))
            as_promised = Order(entry.customer or 0, entry.amount_cents or 0)
            return Fate.KEPT if found == as_promised else Fate.LOST


def known_at(entry: Entry) -> float:
    """When its customer was told, or had meant to ask (seconds since the epoch)."""
    return entry.answered if entry.answered is not None else entry.planned
