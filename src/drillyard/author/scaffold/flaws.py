"""What is wrong with the shop. Each function says what somebody did to it, and with what numbers."""

from drillyard.scenario import Plant, flaw


@flaw(
    id="index-reviews",
    family="database",
    title="No index on the product of a review",
    moves="db.query.buffers.newest_reviews_of_product",
    direction="up",
    by=5,
)
def index_reviews(plant: Plant) -> None:
    """Dropped in last night's maintenance: it looked like a duplicate."""
    plant.sql("DROP INDEX IF EXISTS reviews_product")
