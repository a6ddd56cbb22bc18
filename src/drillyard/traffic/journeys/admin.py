"""The shop's administrator reads reports, has larger ones made, and looks through the orders."""

from drillyard.traffic import answers
from drillyard.traffic.steps import ADMIN, Journey, Walk, get, send
from drillyard.traffic.visits import Session, Visit

REPORTS = ("sales", "inventory", "customers")
DAYS = (1, 7, 30)


def walk(visit: Visit, session: Session) -> Walk:
    """One page."""
    name, days = REPORTS[int(visit.b * len(REPORTS))], DAYS[int(visit.c * len(DAYS))]
    path = f"/api/admin/reports/{name}?days={days}"
    if visit.a < 0.4:
        yield get("admin-report", path, answers.report(name), session=session)
    elif visit.a < 0.6:
        yield send(
            "POST", "admin-request", path, {}, answers.report_requested(name), session=session, status=202
        )
    else:
        path = f"/api/admin/orders?page={1 + int(visit.b * 5)}"
        yield get("admin-orders", path, answers.order_list, session=session)


JOURNEY = Journey("admin", 1.0, walk, ADMIN)
