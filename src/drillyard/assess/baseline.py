"""What a shop was when its drill began, and what it lost since: its seeded rows, its partner's switches.

Every seeded row has to be there (counted), and unchanged what nothing in the shop changes in it (a checksum).
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from drillyard.assess.tables import Connection, connect
from drillyard.base.errors import UserError
from drillyard.measure.site import Site

PARTNER_TIMEOUT_S = 20.0
CHECKSUMS = 2
"""Of which version a baseline's checksums are: others cannot be compared with."""


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
    """Read the seeded data of a range to which no customer came yet.

    Raises:
        psycopg.Error, httpx.HTTPError: the range does not answer.
    """
    async with await connect(site) as connection:
        newest = {}
        for table in _WITH_ID:
            row = await (await connection.execute(f"{_NEWEST}{table}".encode())).fetchone()
            newest[table] = int(row[0]) if row else 0
        return Baseline(newest, await _seeded(connection, newest), await partner_switches(site))


async def rows_lost(connection: Connection, baseline: Baseline) -> dict[str, float]:
    """Seeded rows that are gone, by the reading of their table; at least 1 where something in them changed.

    Raises:
        psycopg.Error: the database does not answer.
    """
    now = await _seeded(connection, baseline.newest)
    lost = {}
    for table, then in baseline.tables.items():
        gone = max(0, then.rows - now[table].rows)
        changed = now[table].checksum != then.checksum
        lost[f"rows.lost.{table}"] = float(max(gone, int(changed)))
    return lost


async def partner_switches(site: Site) -> dict[str, float]:
    """The partner's switches by their names; they are the partner's own, and nobody's of the shop to set.

    Raises:
        httpx.HTTPError: it does not answer.
    """
    async with httpx.AsyncClient(timeout=PARTNER_TIMEOUT_S, trust_env=False) as client:
        found = (await client.get(site.url("partner", "/control"))).raise_for_status().json()
    return {str(name): float(value) for name, value in found.items()}


async def _seeded(connection: Connection, newest: Mapping[str, int]) -> dict[str, Seeded]:
    found = {}
    for table, query in _SEEDED.items():
        row = await (await connection.execute(query.encode(), newest)).fetchone()
        found[table] = Seeded(int(row[0]), str(row[1])) if row else Seeded(0, "")
    return found
