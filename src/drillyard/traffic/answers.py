"""What the shop's answers must hold. Each function judges one decoded body: a complaint, or an empty string.

A malformed answer may raise LookupError, TypeError, ValueError or AttributeError here: the engine counts
that as a wrong answer, so that a check can say plainly what it wants.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from drillyard.traffic.steps import Expectation

FORGOTTEN = "acknowledged orders are not in the history"
"""The complaint of a customer who is served, by a shop that has lost their order."""


def home(page: Any) -> str:
    """Bestsellers and new products are shown, each with a price."""
    return _items(page["bestsellers"], "bestsellers") or _items(page["new"], "new products")


def product(wanted: int) -> Expectation:
    """The page of the product that was asked for, priced, with the reviews that its summary promises."""

    def check(page: Any) -> str:
        if page["id"] != wanted:
            return f"asked for product {wanted}, got {page['id']}"
        if page["price_cents"] <= 0:
            return "the price is not above zero"
        if page["stock"] is None or not page["name"]:
            return "name or stock is missing"
        if page["rating"]["reviews"] > 0 and not page["reviews"]:
            return "there are ratings, and no reviews are shown"
        page["price_as_of"]
        return ""

    return check


def product_list(number: int) -> Expectation:
    """The page of products that was asked for, priced; the first one is not empty."""

    def check(page: Any) -> str:
        if page["page"] != number:
            return f"asked for page {number}, got {page['page']}"
        return _items(page["items"], "products", may_be_empty=number > 1)

    return check


def reviews(page: Any) -> str:
    """A page of reviews, each with a rating from 1 to 5."""
    for review in page["items"]:
        if not 1 <= review["rating"] <= 5:
            return f"a rating of {review['rating']}"
    return ""


def found(*words: str) -> Expectation:
    """Search results: the name of each holds every word that was searched for; a single word finds some."""

    def check(page: Any) -> str:
        items = page["items"]
        for item in items:
            name = item["name"].lower()
            if not all(word in name for word in words):
                return f"searched for {' '.join(words)!r}, found {item['name']!r}"
        return _items(items, "search results", may_be_empty=len(words) > 1)

    return check


def cart_with(product_id: int, quantity: int) -> Expectation:
    """The cart holds the product, and its sum is that of its items."""

    def check(cart: Any) -> str:
        items = cart["items"]
        if not any(item["product_id"] == product_id and item["quantity"] == quantity for item in items):
            return f"product {product_id} is not in the cart"
        total = sum(item["price_cents"] * item["quantity"] for item in items)
        if total != cart["amount_cents"]:
            return f"the cart's items come to {total}, its sum says {cart['amount_cents']}"
        return ""

    return check


def receipt(amount_cents: int) -> Expectation:
    """The order that was placed costs what the cart said."""

    def check(order: Any) -> str:
        if not order["order_id"] or not order["number"] or not order["status"]:
            return "the order has no id, number or status"
        if order["amount_cents"] != amount_cents:
            return f"the cart came to {amount_cents}, the order to {order['amount_cents']}"
        return ""

    return check


def placed_order(order_id: int | str, amount_cents: int) -> Expectation:
    """The page of the order just placed, with the amount that was acknowledged and its lines."""

    def check(order: Any) -> str:
        if order["id"] != order_id:
            return f"asked for order {order_id}, got {order['id']}"
        if order["amount_cents"] != amount_cents:
            return f"acknowledged {amount_cents}, the order says {order['amount_cents']}"
        return "" if order["lines"] else "the order has no lines"

    return check


def order_of(order_id: int | str) -> Expectation:
    """The page of an order, with its lines."""

    def check(order: Any) -> str:
        if order["id"] != order_id:
            return f"asked for order {order_id}, got {order['id']}"
        return "" if order["lines"] else "the order has no lines"

    return check


def history_with(orders: Iterable[int | str]) -> Expectation:
    """The newest page of a customer's orders, with those that were acknowledged before it was asked for."""
    wanted = set(orders)

    def check(page: Any) -> str:
        missing = wanted.difference(order["id"] for order in page["items"])
        return f"{FORGOTTEN}: {sorted(missing, key=str)}" if missing else ""

    return check


def order_list(page: Any) -> str:
    """A page of orders."""
    return "" if isinstance(page["items"], list) else "there is no list of orders"


def report(name: str) -> Expectation:
    """The report that was asked for, with entries."""

    def check(page: Any) -> str:
        if page["report"] != name:
            return f"asked for the {name} report, got {page['report']}"
        entries = page["by_day"] and page["by_category"] if name == "sales" else page["items"]
        return "" if entries else "the report is empty"

    return check


def report_requested(name: str) -> Expectation:
    """A number by which to ask for the report, once a worker has made it."""
    return lambda page: "" if page["report"] == name and page["report_id"] else "no report was promised"


def signed_in(answer: Any) -> str:
    """A token."""
    return "" if answer["token"] else "there is no token"


def price_read_at(page: Any) -> float | None:
    """As of when the price on a page was read (seconds since the epoch), where the page says so."""
    stamp = page.get("price_as_of") if isinstance(page, dict) else None
    if stamp is None:
        return None
    return datetime.fromisoformat(stamp).timestamp() if isinstance(stamp, str) else float(stamp)


def _items(items: Any, what: str, *, may_be_empty: bool = False) -> str:
    if not items and not may_be_empty:
        return f"there are no {what}"
    return "" if all(item["id"] and item["price_cents"] > 0 for item in items) else f"{what} without a price"
