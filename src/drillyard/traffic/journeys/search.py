"""Searching for a word of the catalogue and, every other time, opening one of the results."""

from drillyard.traffic import answers
from drillyard.traffic.steps import Journey, Walk, get
from drillyard.traffic.visits import Session, Visit
from drillyard.traffic.words import TERMS, popular


def walk(visit: Visit, _: Session) -> Walk:
    """Search, perhaps look."""
    term = popular(TERMS, visit.a)
    page = yield get("search", f"/api/search?q={term}&page=1", answers.found(term))
    if visit.b < 0.5:
        items = page["items"]
        chosen = items[int(visit.c * len(items))]["id"]
        yield get("product", f"/api/products/{chosen}", answers.product(chosen), think_s=0.3 + visit.d)


JOURNEY = Journey("search", 1.5, walk)
