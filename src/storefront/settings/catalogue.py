"""[catalogue]: what the shop shows."""

from storefront.settings.section import Section, setting


class Catalogue(Section):
    """How much is shown, and how it is asked for."""

    batch_ratings: bool = setting(True, "Ratings of a list in one query. False: one query per product (N+1).")
    ratings_from_summary: bool = setting(
        True, "Ratings from the summary table. False: counted from the reviews each time."
    )
    home_items: int = setting(12, "Products in each row of the home page.", ge=1, le=100)
    bestseller_days: int = setting(30, "Days of sales that make a bestseller.", ge=1, le=365)
    reviews_on_product: int = setting(5, "Reviews shown on a product's page.", ge=0, le=50)
    recommendations: int = setting(6, "Recommendations shown with a product. 0: none.", ge=0, le=50)
    currency: str = setting("EUR", "The currency of all prices (ISO 4217).", pattern=r"^[A-Z]{3}$")
