"""A migration that deleted what it should have kept."""

from drillyard.base.clock import wall
from drillyard.faults.disaster import Disaster, Struck
from drillyard.faults.scene import Scene

_MIGRATIONS: dict[str, tuple[str, str]] = {
    "deleted the lines of two orders in three": (
        "DELETE FROM public.order_lines WHERE order_id % 3 <> 0",
        "SELECT count(*) < 100 FROM public.order_lines WHERE order_id % 3 <> 0",
    ),
    "deleted every review of one star more than the worst": (
        "DELETE FROM public.reviews WHERE rating > 1",
        "SELECT count(*) < 100 FROM public.reviews WHERE rating > 1",
    ),
    "dropped the table of product ratings": (
        "DROP TABLE public.product_ratings CASCADE",
        "SELECT to_regclass('public.product_ratings') IS NULL",
    ),
    "deleted the orders of half the customers": (
        "WITH lines AS (DELETE FROM public.order_lines l USING public.orders o"
        " WHERE o.id = l.order_id AND o.customer_id % 2 = 0)"
        " DELETE FROM public.orders WHERE customer_id % 2 = 0",
        "SELECT count(*) < 100 FROM public.orders WHERE customer_id % 2 = 0",
    ),
}
"""What each does, in one statement, and whether it was done, asked in the same transaction: customers go on
buying, and a trigger may have kept the rows.
"""
_OUT_OF_ITS_WAY = (
    "SET session_replication_role = replica",
    "SET statement_timeout = 0",
    "SET lock_timeout = 0",
)


async def strike(scene: Scene) -> Struck:
    """Run one of several bad migrations, with the foreign keys and triggers out of its way."""
    what = scene.chance.choice(sorted(_MIGRATIONS))
    moment = wall()
    migration, done = _MIGRATIONS[what]
    asked = f"DO $$ BEGIN IF NOT ({done}) THEN RAISE EXCEPTION 'the rows are there'; END IF; END $$"
    await scene.sql(*_OUT_OF_ITS_WAY, "BEGIN", migration, asked, "COMMIT")
    return Struck(moment, f"a migration {what}")


DISASTER = Disaster(
    id="rows-deleted",
    family="content",
    hits=("database",),
    title="A migration deleted rows",
    about="""\
One of four bad migrations is run by the database's superuser and committed: lines of orders, reviews, or
orders with their lines are deleted, or the table of ratings is dropped. The server is well, customers are
not, and those who buy in the meantime write on top of it. A standby has deleted the same rows a moment
later. What helps is a point in time before it, or a copy to fetch the rows from; what was bought since
then is the price of the first.""",
    strike=strike,
    needs=("postgres",),
)
