"""A migration that deleted what it should have kept."""

from drillyard.base.clock import wall
from drillyard.faults.disaster import Disaster, Scene, Struck

_MIGRATIONS: dict[str, tuple[str, ...]] = {
    "deleted the lines of two orders in three": ("DELETE FROM public.order_lines WHERE order_id % 3 <> 0",),
    "deleted every review of one star more than the worst": ("DELETE FROM public.reviews WHERE rating > 1",),
    "dropped the table of product ratings": ("DROP TABLE public.product_ratings CASCADE",),
    "deleted the orders of half the customers": (
        "DELETE FROM public.order_lines l USING public.orders o"
        " WHERE o.id = l.order_id AND o.customer_id % 2 = 0",
        "DELETE FROM public.orders WHERE customer_id % 2 = 0",
    ),
}
_OUT_OF_ITS_WAY = (
    "SET session_replication_role = replica",
    "SET statement_timeout = 0",
    "SET lock_timeout = 0",
)


async def strike(scene: Scene) -> Struck:
    """Run one of several bad migrations, with the foreign keys and triggers out of its way."""
    what = scene.chance.choice(sorted(_MIGRATIONS))
    moment = wall()
    await scene.sql(*_OUT_OF_ITS_WAY, *_MIGRATIONS[what])
    return Struck(moment, f"a migration {what}")


DISASTER = Disaster(
    id="rows-deleted",
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
