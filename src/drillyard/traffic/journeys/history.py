"""A customer looks through their orders: the newest, sometimes old ones, and one of them in detail."""

from drillyard.traffic import answers
from drillyard.traffic.steps import CUSTOMER, Journey, Walk, get
from drillyard.traffic.visits import Session, Visit


def walk(visit: Visit, session: Session) -> Walk:
    """The newest page must hold what was acknowledged a moment ago."""
    if visit.a < 0.7:
        page = yield get(
            "history", "/api/orders?page=1", answers.history_with(session.orders), session=session
        )
    else:
        number = 2 + int(visit.b * visit.b * 58)
        page = yield get("history", f"/api/orders?page={number}", answers.order_list, session=session)
    if visit.c < 0.5 and page["items"]:
        items = page["items"]
        chosen = items[int(visit.d * len(items))]["id"]
        path = f"/api/orders/{chosen}"
        yield get("order", path, answers.order_of(chosen), session=session, think_s=0.3)


JOURNEY = Journey("history", 1.5, walk, CUSTOMER)
