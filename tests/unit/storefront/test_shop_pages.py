import pytest
from starlette.requests import Request

from storefront.api.answers import NEWEST, KeyFields, Page, RefusedError
from storefront.api.orders import number_of
from storefront.api.ratings import Rating
from storefront.api.search import like, words_of
from storefront.api.sessions import address_of
from storefront.api.window import money, stars
from storefront.settings.web import Web
from storefront.web import split_listen


def request(query: str = "", *headers: tuple[bytes, bytes]) -> Request:
    scope = {
        "type": "http",
        "query_string": query.encode(),
        "headers": list(headers),
        "client": ("10.0.0.9", 1),
    }
    made = Request(scope)
    made.state.request_id = "r-1"
    return made


@pytest.mark.parametrize(
    ("cents", "text"),
    [(1, "0.01 EUR"), (99, "0.99 EUR"), (100, "1.00 EUR"), (123_456_789, "1,234,567.89 EUR")],
)
def test_money_is_shown_with_two_places(cents: int, text: str) -> None:
    assert money(cents, "EUR") == text


def test_ratings_are_means_and_stars() -> None:
    assert Rating.of(None) == Rating.of({"reviews": 0, "rating_sum": 0}) == Rating(0, 0.0)
    assert Rating.of({"reviews": 3, "rating_sum": 11}) == Rating(3, 3.67)
    assert stars({"reviews": 3, "average": 3.67}) == "★★★★☆ 3.7 (3)"
    assert stars({"reviews": 0, "average": 0.0}) == "no reviews yet"


def test_a_page_asks_for_one_entry_more_than_it_shows() -> None:
    page = Page(request("page=3&per_page=10"), Web())
    assert page.query == {"entries": 11, "skipped": 20}
    assert page.before == NEWEST
    assert page.body(list(range(11)), q="x") == {
        "items": list(range(10)), "page": 3, "per_page": 10, "more": True, "q": "x",
    }  # fmt: skip
    assert page.body([1])["more"] is False


@pytest.mark.parametrize(
    "query", ["page=0", "page=-1", "page=1001", "page=x", "page=", "per_page=101", "page=1e3"]
)
def test_a_page_that_cannot_be_is_refused(query: str) -> None:
    with pytest.raises(RefusedError) as caught:
        Page(request(query), Web())
    assert caught.value.status == 422


def test_words_of_a_search_are_lower_case_and_bounded() -> None:
    assert words_of("  Steel   KETTLE ") == ["steel", "kettle"]
    for text in ("", "   ", "a " * 9, "x" * 101):
        with pytest.raises(RefusedError):
            words_of(text)
    assert like("50%_\\") == "%50\\%\\_\\\\%"


def test_key_fields_of_the_request_are_only_made_when_a_key_asks() -> None:
    fields = KeyFields(request("", (b"user-agent", b"me")), id=7)
    assert "product:{id}".format_map(fields) == "product:7"
    assert "{id}:{request_id}:{agent}:{customer}:{session}".format_map(fields) == "7:r-1:me:anonymous:none"
    with pytest.raises(KeyError):
        "{colour}".format_map(fields)


def test_the_address_is_the_one_that_our_own_proxy_wrote() -> None:
    forged = request("", (b"x-forwarded-for", b"1.2.3.4, 5.6.7.8"))
    assert address_of(forged, trust_forwarded_for=True) == "5.6.7.8"
    assert address_of(forged, trust_forwarded_for=False) == "10.0.0.9"


def test_order_numbers_have_eight_digits() -> None:
    assert number_of(42) == "S-00000042"


def test_listen_is_host_and_port() -> None:
    assert split_listen("127.0.0.1:80") == ("127.0.0.1", 80)
    assert split_listen("[::1]:80") == ("::1", 80)
    for wrong in ("80", "host:", "host:x"):
        with pytest.raises(ValueError):
            split_listen(wrong)
