"""Whether customers were shown what is in the tables while the shop was measured.

Probes come one at a time and between the windows; a shop could tell them from customers by that. What
customers themselves were answered in the windows is kept at random (`traffic/seen.py`) and judged afterwards
by the same judges.
"""

import asyncio
import random
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs, urlsplit

from drillyard.assess.page_judges import (
    ORDERS,
    Judge,
    all_orders_page,
    category_page,
    history_page,
    home_page,
    order_page,
    product_page,
    reviews_page,
    search_page,
    share_of,
)
from drillyard.assess.probe import ProbeSite
from drillyard.assess.report_judges import PAGES as REPORT_PAGES
from drillyard.assess.report_judges import promised
from drillyard.base.clock import monotonic
from drillyard.measure.reading import Combine, Reading, Unit
from drillyard.measure.source import Described
from drillyard.traffic.seen import Seen

PREFIX = "content.seen"
DESCRIBES = (
    Described("content.seen", Unit.COUNT, Combine.LAST),
    Described("content.seen_false", Unit.COUNT, Combine.LAST),
)
KEPT = 8
"""Answers kept of one window."""
SECONDS = 4.0
"""At most so long they are looked up, in random order: where the tables have no index, one takes long."""
LOOK_S = 1.5
"""One that takes longer is left out, so that the others are looked up."""
TRUE_SHARE = 0.9
"""Of what a page must show, so much is there: an entry of a cached list may be gone or have moved."""


async def answers_seen(site: ProbeSite, seen: Sequence[Seen], within_s: float) -> Sequence[Reading]:
    """How many of the answers could be looked up, and how many of those were not true.

    Raises:
        psycopg.Error: the database does not answer.
    """
    until = monotonic() + within_s
    looked, false = 0, []
    for each in random.sample(list(seen), len(seen)):
        judge = judge_of(each)
        if judge is None:
            continue
        if monotonic() > until:
            break
        try:
            async with asyncio.timeout(min(LOOK_S, until - monotonic())):
                share = await share_of(judge, site, each.page)
        except TimeoutError:
            continue
        looked += 1
        if share < TRUE_SHARE:
            false.append(each.path)
    source = f"answers that customers got in the windows beside the rows of the tables{_named(false)}"
    return [
        site.reading("content.seen", looked, Unit.COUNT, source=source),
        site.reading("content.seen_false", len(false), Unit.COUNT, source=source),
    ]


def judge_of(seen: Seen) -> Judge | None:
    """Who judges a page of that path; None for what nobody does."""
    parts = urlsplit(seen.path)
    asked = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    number = int(asked.get("page", "1"))
    if seen.method == "POST":
        return _promised(parts.path, asked, seen)
    judge: Judge | None = None
    match parts.path.strip("/").split("/"):
        case ["api", "home"]:
            judge = home_page
        case ["api", "products"] if asked.get("sort") in ORDERS and "category" in asked:
            judge = category_page(asked["category"], asked["sort"], number)
        case ["api", "products", product]:
            judge = product_page(int(product), until=seen.answered)
        case ["api", "products", product, "reviews"]:
            judge = reviews_page(int(product), number)
        case ["api", "search"]:
            judge = search_page(asked["q"].split(), number)
        case ["api", "orders", order] if order.isdigit():
            judge = order_page(int(order))
        case ["api", "admin", "reports", name] if name in REPORT_PAGES:
            judge = REPORT_PAGES[name](int(asked["days"]), until=seen.answered)
        case ["api", "admin", "orders"]:
            judge = all_orders_page(number, until=seen.answered)
        case ["api", "orders"] if seen.customer:
            judge = history_page(seen.customer, number, until=seen.answered)
    return judge


def _promised(path: str, asked: Mapping[str, str], seen: Seen) -> Judge | None:
    """Of a report that was promised to somebody."""
    match path.strip("/").split("/"):
        case ["api", "admin", "reports", name]:
            return promised(seen.page.get("report_id"), name, int(asked["days"]), seen.answered)
        case _:
            return None


def _named(false: Sequence[str]) -> str:
    return f"; not true: {', '.join(false[:3])}" if false else ""
