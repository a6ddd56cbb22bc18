"""[cache]: Valkey, and for each kind of cached thing its lifetime, key and protection."""

from enum import StrEnum
from string import Formatter
from typing import ClassVar

from pydantic import model_validator

from storefront.settings.section import Section, setting


class Protection(StrEnum):
    """What happens when many requests miss the same entry at once."""

    NONE = "none"
    """Each asks the database."""
    LOCK = "lock"
    """One asks, the others wait for it (or take the stale entry, when `stale_s` allows)."""
    EARLY = "early-recompute"
    """An entry is renewed before it expires, with a chance that grows towards the end (XFetch)."""


REQUEST_FIELDS = frozenset({"request_id", "session", "customer", "agent", "minute"})
"""What a key may carry of the request, beside the fields of its own kind."""


def key_fields(template: str) -> set[str]:
    """The fields that a key template names.

    Raises:
        ValueError: the template is not well formed.
    """
    names = set()
    for _, name, spec, conversion in Formatter().parse(template):
        if name is None:
            continue
        if not name.isidentifier() or spec or conversion:
            raise ValueError(f"key: only plain fields such as {{id}} are allowed, not {{{name}}}")
        names.add(name)
    return names


class Kind(Section):
    """One kind of cached thing."""

    needed: ClassVar[frozenset[str]] = frozenset()

    enabled: bool = setting(True, "Whether this kind is cached at all.")
    ttl_s: float = setting(30.0, "Seconds that an entry is fresh.", gt=0, le=604_800)
    key: str = setting(
        "",
        "The key of an entry: the fields of its kind, and what else should make entries differ"
        " ({request_id}, {session}, {customer}, {agent}, {minute}).",
        min_length=1,
        max_length=200,
    )
    protection: Protection = setting(
        Protection.LOCK, "Against a stampede of misses: none, lock or early-recompute."
    )
    stale_s: float = setting(
        0.0, "Seconds past its lifetime that an entry may still be served while one request renews it.", ge=0
    )

    @model_validator(mode="after")
    def _key_tells_entries_apart(self) -> "Kind":
        fields = key_fields(self.key)
        if missing := self.needed - fields:
            names = ", ".join(f"{{{name}}}" for name in sorted(missing))
            raise ValueError(f"key: {names} is missing, different entries would share one key")
        if strange := fields - self.needed - REQUEST_FIELDS:
            allowed = ", ".join(f"{{{name}}}" for name in sorted(self.needed | REQUEST_FIELDS))
            raise ValueError(f"key: {{{sorted(strange)[0]}}} is not known here; allowed are {allowed}")
        return self


class HomeKind(Kind):
    """The page that everybody sees first: bestsellers and novelties."""

    ttl_s: float = setting(30.0, "Seconds that the home page is fresh.", gt=0, le=604_800)
    key: str = setting("home", "The key of the home page.", min_length=1, max_length=200)


class CategoriesKind(Kind):
    """The tree of categories."""

    ttl_s: float = setting(600.0, "Seconds that the categories are fresh.", gt=0, le=604_800)
    key: str = setting("categories", "The key of the categories.", min_length=1, max_length=200)


class ListingKind(Kind):
    """One page of products of a category."""

    needed = frozenset({"category", "sort", "page", "per_page"})
    key: str = setting(
        "listing:{category}:{sort}:{page}:{per_page}", "The key of a listing.", min_length=1, max_length=200
    )


class ProductKind(Kind):
    """One product with its price, stock and rating: prices are promised to be at most so many seconds old."""

    needed = frozenset({"id"})
    ttl_s: float = setting(15.0, "Seconds that a product, with its price, is fresh.", gt=0, le=604_800)
    key: str = setting("product:{id}", "The key of a product.", min_length=1, max_length=200)


class ReviewsKind(Kind):
    """One page of reviews of a product."""

    needed = frozenset({"id", "page", "per_page"})
    ttl_s: float = setting(120.0, "Seconds that a page of reviews is fresh.", gt=0, le=604_800)
    key: str = setting(
        "reviews:{id}:{page}:{per_page}", "The key of a page of reviews.", min_length=1, max_length=200
    )


class SearchKind(Kind):
    """One page of search results."""

    needed = frozenset({"q", "page", "per_page"})
    ttl_s: float = setting(30.0, "Seconds that a page of results is fresh.", gt=0, le=604_800)
    key: str = setting(
        "search:{q}:{page}:{per_page}", "The key of a page of results.", min_length=1, max_length=200
    )


class RecommendationsKind(Kind):
    """What others bought with a product."""

    needed = frozenset({"id"})
    ttl_s: float = setting(600.0, "Seconds that recommendations are fresh.", gt=0, le=604_800)
    key: str = setting("recommendations:{id}", "The key of recommendations.", min_length=1, max_length=200)


class SessionKind(Kind):
    """Who a signed-in customer is; longer means that a blocked customer stays signed in for longer."""

    needed = frozenset({"customer"})
    ttl_s: float = setting(30.0, "Seconds that a customer's state is fresh.", gt=0, le=604_800)
    key: str = setting("session:{customer}", "The key of a customer's state.", min_length=1, max_length=200)


class Cache(Section):
    """Memory and eviction belong to the server: see maxmemory and maxmemory-policy in valkey.conf."""

    enabled: bool = setting(True, "False: every request asks the database.")
    required: bool = setting(
        False,
        "True: what is cached cannot be answered without the cache: while it is away or slow, requests are"
        " refused (503) instead of asking the database.",
    )
    url: str = setting(
        "redis://127.0.0.1:6379/0", "Where Valkey is.", restart=True, pattern=r"^(redis|valkey|rediss)://.+"
    )
    max_connections: int = setting(32, "The most connections per process.", restart=True, ge=1, le=10_000)
    timeout_ms: int = setting(
        250, "Milliseconds after which a slow cache is treated as absent.", restart=True, ge=1, le=60_000
    )
    lock_timeout_ms: int = setting(
        2000, "Milliseconds that a request waits for another that renews the same entry.", ge=1, le=60_000
    )
    early_beta: float = setting(1.0, "Eagerness of early-recompute; larger renews earlier.", gt=0, le=100)
    home: HomeKind = setting(HomeKind(), "Home page.")
    categories: CategoriesKind = setting(CategoriesKind(), "Category tree.")
    listing: ListingKind = setting(ListingKind(), "Product listings.")
    product: ProductKind = setting(ProductKind(), "Products.")
    reviews: ReviewsKind = setting(ReviewsKind(), "Reviews.")
    search: SearchKind = setting(SearchKind(), "Search results.")
    recommendations: RecommendationsKind = setting(RecommendationsKind(), "Recommendations.")
    session: SessionKind = setting(SessionKind(), "Signed-in customers.")

    def kind(self, name: str) -> Kind:
        """The settings of one kind."""
        found = getattr(self, name)
        if not isinstance(found, Kind):
            raise KeyError(name)
        return found


KINDS = tuple(name for name, field in Cache.model_fields.items() if isinstance(field.default, Kind))
"""The names of all kinds."""
