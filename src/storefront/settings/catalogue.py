"""[catalogue]: what the shop shows."""

from storefront.settings.section import Section, setting


class Catalogue(Section):
    """How much is shown, and how it is asked for."""

    batch_ratings: bool = setting(True, "Ratings of a list in one query. False: one query per product (N+1).")
    batch_order_lines: bool = setting(
        True, "The lines of a page of orders in one query. False: one query per order (N+1)."
    )
    home_items: int = setting(12, "Products in each row of the home page.", ge=1, le=100)
    bestseller_orders: int = setting(
        2000, "Bestsellers are counted over so many of the newest orders.", ge=1, le=1_000_000
    )
    reviews_on_product: int = setting(5, "Reviews shown on a product's page.", ge=0, le=50)
    recommendations: int = setting(6, "Recommendations shown with a product. 0: none.", ge=0, le=50)
    recommendation_orders: int = setting(
        200, "Recommendations are counted over so many of the product's newest orders.", ge=1, le=100_000
    )
    currency: str = setting("EUR", "The currency of all prices (ISO 4217).", pattern=r"^[A-Z]{3}$")
