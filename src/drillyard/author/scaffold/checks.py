"""What is measured. For each check: how would a lazy learner fool it, when could it fail a correct repair?"""

from drillyard.assess.check import Verdict, check
from drillyard.assess.measurement import Measurement
from drillyard.assess.verdicts import ratio_at_most


@check(
    id="reviews-by-index",
    task="repair",
    title="The newest reviews of a product cost a fraction of what they did",
    needs=("learner", "twin"),
)
def reviews_by_index(m: Measurement) -> Verdict:
    """Blocks a call, beside the untouched twin: whichever way it was repaired, few blocks are left.

    Fooled by showing no reviews: the statement is not run then, nothing is measured, and `pages-true` fails.
    """
    return ratio_at_most(
        m.ratio("db.query.buffers.newest_reviews_of_product", "learner", "twin"),
        0.3,
        what="Blocks touched for the newest reviews of a product, compared with the untouched twin",
        look_next="pg_stat_statements: blocks per call; then EXPLAIN (ANALYZE, BUFFERS)",
    )
