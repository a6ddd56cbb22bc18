"""Searching for a word or two of the catalogue and, every other time, opening one of the results."""

from drillyard.traffic import answers
from drillyard.traffic.steps import Journey, Walk, get
from drillyard.traffic.visits import Session, Visit
from drillyard.traffic.words import MATERIALS, THINGS, popular


def walk(visit: Visit, _: Session) -> Walk:
    """Search, perhaps look."""
    words = _words(visit)
    page = yield get("search", f"/api/search?q={'+'.join(words)}&page=1", answers.found(*words))
    items = page["items"]
    if items and visit.b < 0.5:
        chosen = items[int(visit.c * len(items))]["id"]
        yield get("product", f"/api/products/{chosen}", answers.product(chosen), think_s=0.3 + visit.d)


def _words(visit: Visit) -> tuple[str, ...]:
    """Half look for a thing, a fifth for a material, the others for a thing of a material."""
    if visit.d < 0.5:
        return (popular(THINGS, visit.a),)
    if visit.d < 0.7:
        return (popular(MATERIALS, visit.a),)
    return popular(MATERIALS, (visit.d - 0.7) / 0.3), popular(THINGS, visit.a)


JOURNEY = Journey("search", 1.5, walk)
