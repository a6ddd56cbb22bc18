"""Inventory: stock that follows orders, and what is derived from reviews."""

from storefront.jobs.context import JobContext
from storefront.jobs.errors import UnknownSubjectError

REPLENISH_FACTOR = 10
"""A delivery brings so many times the threshold of a product."""


def book_sale(context: JobContext, *, order_id: int) -> None:
    """Write a paid order's lines to the stock ledger, and order more of what runs low."""
    with context.pool.connection() as connection:
        context.queries.change(connection, "book_sale", order_id=order_id)
        noticed = context.queries.rows(connection, "notice_low_stock", order_id=order_id)
        for row in noticed:
            context.promise(connection, "replenish", product_id=row["product_id"])
    context.metrics.business.low_stock.inc(len(noticed))


def restock(context: JobContext, *, order_id: int) -> None:
    """Put back what was taken for an order that came to nothing, each line once."""
    with context.pool.connection() as connection:
        context.queries.change(connection, "restock", order_id=order_id)


def replenish(context: JobContext, *, product_id: int) -> None:
    """A delivery arrives for a product that runs low."""
    with context.pool.connection() as connection:
        context.queries.change(connection, "replenish", product=product_id, factor=REPLENISH_FACTOR)


def ship_order(context: JobContext, *, order_id: int) -> None:
    """Mark a paid order as shipped and tell the customer; an order that is not paid stays as it is.

    Raises:
        UnknownSubjectError: there is no such order.
    """
    with context.pool.connection() as connection:
        if context.queries.row(connection, "mail_of_order", order_id=order_id) is None:
            raise UnknownSubjectError(f"there is no order {order_id}")
        if context.queries.change(
            connection, "move_order", order_id=order_id, expected="paid", status="shipped"
        ):
            context.promise(connection, "send_mail", order_id=order_id, kind="shipped")


def refresh_rating(context: JobContext, *, product_id: int) -> None:
    """Sum up a product's reviews anew."""
    with context.pool.connection() as connection:
        context.queries.change(connection, "refresh_rating", product=product_id)
