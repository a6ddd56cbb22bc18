"""Buying: look at a product, put it (and every other time another) into the cart, check out, see the order.

Orders of several products are what a shop recommends from: without them its recommendations would dry up.
"""

from drillyard.traffic import answers
from drillyard.traffic.steps import CUSTOMER, Journey, Step, Walk, get, send
from drillyard.traffic.visits import Session, Visit


def walk(visit: Visit, session: Session) -> Walk:
    """The whole way; whoever does not get a good answer leaves."""
    product, quantity = visit.product, 1 if visit.a < 0.8 else 2
    yield get("product", f"/api/products/{product}", answers.product(product), session=session)
    two = visit.d < 0.5 and visit.other != product
    # The thinking is shared out, so that in a short window as many get as far as the checkout.
    think_s = (0.2 + visit.b / 2) / (2 if two else 1)
    cart = yield _put(session, product, quantity, think_s=think_s)
    if two:
        cart = yield _put(session, visit.other, 1, think_s=think_s)
    amount = cart["amount_cents"]
    order = yield send(
        "POST",
        "checkout",
        "/api/checkout",
        {"payment_token": f"tok-{int(visit.d * 1e9):09d}"},
        answers.receipt(amount),
        session=session,
        status=201,
        think_s=0.2 + visit.c / 2,
        order_key=session.next_key(),
    )
    order_id = order["order_id"]
    session.orders.append(order_id)
    path = f"/api/orders/{order_id}"
    yield get("order", path, answers.placed_order(order_id, amount), session=session, think_s=0.2)


def _put(session: Session, product: int, quantity: int, *, think_s: float) -> Step:
    return send(
        "PUT",
        "cart",
        f"/api/cart/items/{product}",
        {"quantity": quantity},
        answers.cart_with(product, quantity),
        session=session,
        think_s=think_s,
    )


JOURNEY = Journey("buy", 4.5, walk, CUSTOMER)
