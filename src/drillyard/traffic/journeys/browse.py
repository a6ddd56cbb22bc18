"""Looking around: mostly product pages, now and then the home page, a category or more reviews."""

from drillyard.traffic import answers
from drillyard.traffic.steps import Journey, Walk, get
from drillyard.traffic.visits import Session, Visit
from drillyard.traffic.words import CATEGORIES, SORTS, popular


def walk(visit: Visit, _: Session) -> Walk:
    """One page: what was looked at before and after is another visit, its think time part of the rate."""
    if visit.a < 0.62:
        yield get("product", f"/api/products/{visit.product}", answers.product(visit.product))
    elif visit.a < 0.76:
        yield get("home", "/api/home", answers.home)
    elif visit.a < 0.92:
        category, sort = popular(CATEGORIES, visit.b), SORTS[int(visit.c * len(SORTS))]
        page = _page(visit.d)
        path = f"/api/products?category={category}&sort={sort}&page={page}"
        yield get("category", path, answers.product_list(page))
    else:
        path = f"/api/products/{visit.product}/reviews?page={_page(visit.d)}"
        yield get("reviews", path, answers.reviews)


def _page(chance: float) -> int:
    """Most look at the first page; one in ten goes deep, up to page 62."""
    if chance < 0.75:
        return 1
    return 2 if chance < 0.9 else 3 + int((chance - 0.9) * 600)


JOURNEY = Journey("browse", 1.0, walk)
