"""A database in which something is missing, stale or forbidden."""

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from drillyard.base.errors import UserError
from drillyard.faults.fault import Memory, Moves
from drillyard.faults.of_database import OfDatabase, Table
from drillyard.faults.scene import Scene

IDENTIFIER = r"^[a-z_][a-z0-9_]{0,62}$"


class StaleStatistics(OfDatabase):
    """The planner believes that a table is nearly empty, as after a load that nobody analyzed: it takes plans
    that are good for few rows.
    """

    id = "database.stale-statistics"
    title = "Statistics are stale"
    undone = "the table is analyzed, and autovacuum sees to it again"
    moves = (Moves("db.time"), Moves("db.buffers"))
    claimed = "statistics"

    table: Table = Field(default="order_lines", description="The table.")

    async def look(self, scene: Scene) -> Memory:
        """A table that has settings of its own keeps them."""
        found = await scene.sql(
            "SELECT 1 FROM pg_class, unnest(reloptions) AS one WHERE starts_with(one, 'autovacuum_enabled')"
            f" AND oid = 'public.{self.table}'::regclass"
        )
        if found:
            raise UserError(f"{self.table} has a setting of its own for autovacuum")
        return {}

    async def begin(self, scene: Scene, memory: Memory) -> None:
        """PostgreSQL's own functions for it (pg_restore_relation_stats, pg_clear_attribute_stats)."""
        table = self.table
        await scene.sql(
            f"ALTER TABLE public.{table} SET (autovacuum_enabled = false)",
            f"SELECT pg_restore_relation_stats('schemaname', 'public', 'relname', '{table}',"
            " 'relpages', relpages, 'reltuples', 1::real) FROM pg_class"
            f" WHERE oid = 'public.{table}'::regclass",
            f"SELECT pg_clear_attribute_stats('public', '{table}', attname, false) FROM pg_attribute"
            f" WHERE attrelid = 'public.{table}'::regclass AND attnum > 0 AND NOT attisdropped",
        )

    async def end(self, scene: Scene, memory: Memory) -> None:
        """As an administrator does it."""
        await scene.sql(
            f"ALTER TABLE public.{self.table} RESET (autovacuum_enabled)", f"ANALYZE public.{self.table}"
        )


class DroppedIndex(OfDatabase):
    """An index is gone: queries that used it read the whole table."""

    id = "database.dropped-index"
    title = "An index is missing"
    undone = "it is made again"
    moves = (Moves("db.buffers"),)
    claimed = "index"
    within_s = 30.0

    index: str = Field(default="order_lines_product", pattern=IDENTIFIER, description="One of no key.")

    def claims(self, scene: Scene) -> Iterable[str]:
        """This index."""
        return [f"database:index/{self.index}"]

    async def look(self, scene: Scene) -> Memory:
        """How it was made."""
        found = await scene.sql(
            "SELECT i.indexdef FROM pg_indexes i WHERE i.schemaname = 'public'"
            f" AND i.indexname = '{self.index}' AND NOT EXISTS (SELECT FROM pg_constraint c"
            " WHERE c.conname = i.indexname)"
        )
        if not found:
            raise UserError(
                f"There is no index {self.index} that can be dropped", next_step="See: \\di in psql"
            )
        return {"indexdef": str(found[0][0])}

    async def begin(self, scene: Scene, memory: Memory) -> None:
        """Gone."""
        await scene.sql(f"DROP INDEX IF EXISTS public.{self.index}")

    async def end(self, scene: Scene, memory: Memory) -> None:
        """Unless somebody has made it meanwhile."""
        made = await scene.sql(f"SELECT to_regclass('public.{self.index}') IS NOT NULL")
        if not made[0][0]:
            await scene.sql(str(memory["indexdef"]), f"ANALYZE {_table_of(str(memory['indexdef']))}")


def _table_of(indexdef: str) -> str:
    return indexdef.partition(" ON ")[2].partition(" ")[0]


class RevokedRole(OfDatabase):
    """The shop's role may not do any more what it has to: a migration, or somebody who tidied up."""

    id = "database.revoked-role"
    title = "A right is revoked"
    undone = "it is granted"
    moves = (Moves("shop.errors_ratio"), Moves("requests.success_ratio", "down"))
    claimed = "grants"

    privilege: Literal["SELECT", "INSERT"] = Field(default="INSERT", description="The right.")
    table: Literal["orders", "order_lines", "products", "reviews"] = Field(
        default="orders", description="The table."
    )

    async def look(self, scene: Scene) -> Memory:
        """Whether the shop has it."""
        held = await scene.sql(
            f"SELECT has_table_privilege('shop_app', 'public.{self.table}', '{self.privilege}')"
        )
        if not held[0][0]:
            raise UserError(f"The shop may not {self.privilege} on {self.table} as it is")
        return {}

    async def begin(self, scene: Scene, memory: Memory) -> None:
        """Gone."""
        await scene.sql(f"REVOKE {self.privilege} ON public.{self.table} FROM shop_app")

    async def end(self, scene: Scene, memory: Memory) -> None:
        """Given."""
        await scene.sql(f"GRANT {self.privilege} ON public.{self.table} TO shop_app")


class SequenceAtEnd(OfDatabase):
    """A sequence has only a few numbers left, as an integer key has after two thousand million rows: then
    every insert fails.
    """

    id = "database.sequence-at-end"
    title = "A sequence is near its end"
    undone = "its end is where it was"
    moves = (Moves("shop.errors_ratio"), Moves("requests.success_ratio", "down"))
    claimed = "sequence"

    sequence: Literal["orders_id_seq", "outbox_id_seq"] = Field(default="orders_id_seq", description="Which.")
    left: int = Field(default=5, ge=0, le=1_000_000, description="Numbers that it still has.")

    async def look(self, scene: Scene) -> Memory:
        """Where its end is."""
        found = await scene.sql(
            f"SELECT seqmax FROM pg_sequence WHERE seqrelid = 'public.{self.sequence}'::regclass"
        )
        return {"maximum": int(str(found[0][0]))}

    async def begin(self, scene: Scene, memory: Memory) -> None:
        """From the number that it has reached; nobody gets one between the look and the change."""
        await scene.sql(
            f"DO $$ BEGIN ALTER SEQUENCE public.{self.sequence} NO CYCLE;"
            f" EXECUTE format('ALTER SEQUENCE public.{self.sequence} MAXVALUE %s',"
            f" (SELECT last_value + {self.left} FROM public.{self.sequence})); END $$"
        )

    async def end(self, scene: Scene, memory: Memory) -> None:
        """As it was."""
        await scene.sql(f"ALTER SEQUENCE public.{self.sequence} MAXVALUE {memory['maximum']}")
