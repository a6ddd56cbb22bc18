"""Ratings of products: summed up, and put on lists of products."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from storefront.database import Row
from storefront.shop import Shop


@dataclass(frozen=True)
class Rating:
    """How many reviews, and their mean (0.0 without any)."""

    reviews: int
    average: float

    @classmethod
    def of(cls, row: Mapping[str, int] | None) -> "Rating":
        """From a row of product_ratings."""
        if row is None or not row["reviews"]:
            return cls(0, 0.0)
        return cls(row["reviews"], round(row["rating_sum"] / row["reviews"], 2))


async def rating_of(shop: Shop, product: int) -> Rating:
    """The rating of one product."""
    return Rating.of(await shop.database.row("rating_of_product", product=product))


async def add_ratings(shop: Shop, products: Sequence[Row]) -> None:
    """Put `rating` on each product of a list: one query, or one each (`batch_ratings` in [catalogue])."""
    if not shop.settings.catalogue.batch_ratings:
        for product in products:
            product["rating"] = await rating_of(shop, product["id"])
        return
    numbers = [product["id"] for product in products]
    rows = await shop.database.rows("ratings_of_products", products=numbers) if numbers else []
    by_product = {row["product_id"]: row for row in rows}
    for product in products:
        product["rating"] = Rating.of(by_product.get(product["id"]))
