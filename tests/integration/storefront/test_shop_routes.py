from datetime import UTC, datetime, timedelta

import httpx
import pytest
from shop_replica import Replica


def code_of(answer: httpx.Response) -> tuple[int, str]:
    error = answer.json()["error"]
    assert error["request_id"] == answer.headers["x-request-id"]
    assert error["message"]
    return answer.status_code, error["code"]


def test_home_shows_bestsellers_by_units_and_the_newest_products(replica: Replica) -> None:
    home = replica.client.get("/api/home").json()
    units = [product["units"] for product in home["bestsellers"]]
    created = [product["created_at"] for product in home["new"]]
    assert len(units) == len(created) == 12
    assert units == sorted(units, reverse=True)
    assert created == sorted(created, reverse=True)
    assert home["bestsellers"][0]["rating"]["reviews"] > 0


def test_categories_form_a_tree(replica: Replica) -> None:
    items = replica.client.get("/api/categories").json()["items"]
    departments = {item["id"] for item in items if item["parent_id"] is None}
    assert len(departments) == 5
    assert {item["parent_id"] for item in items} - {None} == departments
    assert sum(item["products"] for item in items) == 1000


@pytest.mark.parametrize(
    ("sort", "key", "falling"), [("popularity", "popularity", True), ("price", "price_cents", False)]
)
@pytest.mark.parametrize("category", ["", "kitchen", "kitchen-coffee"])
def test_a_listing_is_sorted_over_its_pages(
    replica: Replica, category: str, sort: str, key: str, falling: bool
) -> None:
    asked = {"category": category, "sort": sort, "per_page": "7"}
    pages = [replica.client.get("/api/products", params=asked | {"page": str(n)}).json() for n in (1, 2)]
    values = [item[key] for page in pages for item in page["items"]]
    assert len(values) == 14
    assert values == sorted(values, reverse=falling)
    assert pages[0]["more"] is True
    numbers = [item["id"] for page in pages for item in page["items"]]
    assert len(set(numbers)) == 14


def test_the_last_page_says_that_there_is_no_more(replica: Replica) -> None:
    page = replica.client.get("/api/products?per_page=100&page=10").json()
    assert len(page["items"]) == 100
    assert page["more"] is False


def test_a_product_has_all_that_its_page_shows(replica: Replica) -> None:
    product = replica.client.get("/api/products/1").json()
    read_at = datetime.fromisoformat(product["price_as_of"])
    assert timedelta(0) <= datetime.now(UTC) - read_at < timedelta(seconds=30)
    assert product["price_cents"] > 0
    assert product["stock"] > 0
    assert product["rating"]["reviews"] > 100
    assert 1 <= product["rating"]["average"] <= 5
    assert len(product["reviews"]) == 5
    assert 1 <= len(product["recommendations"]) <= 6


def test_reviews_go_on_by_page_or_from_the_last_one_seen(replica: Replica) -> None:
    first = replica.client.get("/api/products/1/reviews?per_page=5").json()["items"]
    second = replica.client.get("/api/products/1/reviews?per_page=5&page=2").json()["items"]
    after = replica.client.get(f"/api/products/1/reviews?per_page=5&before={first[-1]['id']}").json()["items"]
    assert second == after
    numbers = [review["id"] for review in first + second]
    assert numbers == sorted(numbers, reverse=True)


def test_a_search_finds_names_with_all_words_in_any_order(replica: Replica) -> None:
    noun = replica.client.get("/api/products/1").json()["name"].split()[2]
    found = replica.client.get("/api/search", params={"q": f"  {noun.upper()} "}).json()["items"]
    assert found
    assert all(noun in item["name"] for item in found)
    one = found[0]["name"]
    swapped = " ".join(reversed(one.split()))
    assert one in [
        item["name"] for item in replica.client.get("/api/search", params={"q": swapped}).json()["items"]
    ]


def test_signs_that_mean_something_to_like_are_searched_for_literally(replica: Replica) -> None:
    assert replica.client.get("/api/search", params={"q": "%"}).json()["items"] == []
    assert replica.client.get("/api/search", params={"q": "_"}).json()["items"] == []


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/nothing", (404, "not_found")),
        ("/api/products/abc", (404, "not_found")),
        ("/api/products/999999", (404, "not_found")),
        ("/api/products/99999999999999", (404, "not_found")),
        ("/api/products?category=no-such", (404, "not_found")),
        ("/api/products?sort=colour", (422, "invalid_request")),
        ("/api/products?page=0", (422, "invalid_request")),
        ("/api/products?per_page=101", (422, "invalid_request")),
        ("/api/products?page=²", (422, "invalid_request")),
        ("/api/search", (422, "invalid_request")),
        ("/api/search?q=a+b+c+d+e+f+g+h+i", (422, "invalid_request")),
        ("/api/cart", (401, "not_signed_in")),
        ("/api/orders", (401, "not_signed_in")),
    ],
)
def test_a_refusal_has_a_status_a_code_and_the_request_id(
    replica: Replica, path: str, expected: tuple[int, str]
) -> None:
    assert code_of(replica.client.get(path)) == expected


def test_a_request_id_of_the_caller_comes_back(replica: Replica) -> None:
    answer = replica.client.get("/api/categories", headers={"X-Request-ID": "mine-1"})
    assert answer.headers["x-request-id"] == "mine-1"


def test_a_body_above_the_limit_or_no_json_is_refused(replica: Replica) -> None:
    assert replica.client.post("/api/sessions", content=b"x" * 100_000).status_code == 413
    assert code_of(replica.client.post("/api/sessions", content=b"{")) == (422, "invalid_request")
    assert code_of(replica.client.post("/api/home")) == (405, "method_not_allowed")


def test_a_wrong_password_and_an_unknown_address_are_answered_alike(replica: Replica) -> None:
    answers = [
        replica.client.post("/api/sessions", json={"email": email, "password": "wrong"})
        for email in ("customer9@shop.test", "nobody@shop.test")
    ]
    assert [code_of(answer) for answer in answers] == [(401, "wrong_credentials")] * 2


@pytest.mark.parametrize("token", ["Bearer x.y.z", "Basic abc", "Bearer", "nonsense"])
def test_a_token_of_somebody_else_opens_nothing(replica: Replica, token: str) -> None:
    assert code_of(replica.client.get("/api/cart", headers={"Authorization": token})) == (
        401,
        "not_signed_in",
    )


def test_a_customer_sees_only_their_own_orders(replica: Replica) -> None:
    mine, other = replica.sign_in("customer1"), replica.sign_in("customer2")
    orders = replica.client.get("/api/orders?per_page=3", headers=mine).json()
    assert orders["more"]
    assert all(order["lines"] for order in orders["items"])
    one = orders["items"][0]
    found = replica.client.get(f"/api/orders/{one['id']}", headers=mine).json()
    assert found["lines"] == one["lines"]
    assert found["amount_cents"] == sum(line["quantity"] * line["price_cents"] for line in found["lines"])
    assert replica.client.get(f"/api/orders/{one['id']}", headers=other).status_code == 404


def test_orders_go_on_by_page_or_from_the_last_one_seen(replica: Replica) -> None:
    headers = replica.sign_in("customer1")
    first = replica.client.get("/api/orders?per_page=4", headers=headers).json()["items"]
    second = replica.client.get("/api/orders?per_page=4&page=2", headers=headers).json()["items"]
    after = replica.client.get(f"/api/orders?per_page=4&before={first[-1]['id']}", headers=headers).json()
    assert after["items"] == second


def test_the_admin_area_is_closed_to_customers_and_opens_by_role(replica: Replica) -> None:
    paths = ("/api/admin/orders", "/api/admin/reports/sales", "/api/admin/chaos")
    allowed = {"customer1": 0, "support": 2, "manager": 2, "admin": 3}
    for who, count in allowed.items():
        headers = replica.sign_in(who)
        statuses = [replica.client.get(path, headers=headers).status_code for path in paths]
        assert statuses == [200] * count + [403] * (3 - count), who
    change = {"price_cents": 500}
    support = replica.sign_in("support")
    assert replica.client.put("/api/admin/products/8", json=change, headers=support).status_code == 403


def test_reports_count_back_from_the_newest_order(replica: Replica) -> None:
    headers = replica.sign_in("admin")
    sales = replica.client.get("/api/admin/reports/sales?days=30", headers=headers).json()
    assert len(sales["by_day"]) >= 29
    by_category = sum(row["amount_cents"] for row in sales["by_category"])
    assert by_category == sum(row["amount_cents"] for row in sales["by_day"])
    assert replica.client.get("/api/admin/reports/inventory", headers=headers).json()["items"]
    spenders = replica.client.get("/api/admin/reports/customers?days=365", headers=headers).json()["items"]
    assert spenders[0]["id"] == 1
    assert replica.client.get("/api/admin/reports/weather", headers=headers).status_code == 404


def test_a_new_price_is_seen_at_once_and_written_down(replica: Replica) -> None:
    headers = replica.sign_in("manager")
    before = replica.client.get("/api/products/11").json()["price_cents"]
    answer = replica.client.put("/api/admin/products/11", json={"price_cents": before + 7}, headers=headers)
    assert answer.json()["price_cents"] == before + 7
    assert replica.client.get("/api/products/11").json()["price_cents"] == before + 7
    with replica.postgres.connection() as connection:
        history = connection.execute("SELECT * FROM price_history WHERE product_id = 11").fetchall()
        audit = connection.execute("SELECT * FROM audit_log WHERE subject = '11'").fetchall()
    assert [row["price_cents"] for row in history] == [before + 7]
    assert [row["action"] for row in audit] == ["change product"]
    assert replica.client.put("/api/admin/products/11", json={}, headers=headers).status_code == 422
    missing = replica.client.put("/api/admin/products/999999", json={"stock": 1}, headers=headers)
    assert missing.status_code == 404


def test_chaos_is_switched_on_and_off_by_an_administrator(replica: Replica) -> None:
    headers = replica.sign_in("admin")
    rules = {"rules": [{"route": "/api/categories", "error_ratio": 1, "status": 502}]}
    assert replica.client.put("/api/admin/chaos", json=rules, headers=headers).status_code == 200
    assert code_of(replica.client.get("/api/categories")) == (502, "injected_fault")
    assert replica.client.get("/api/home").status_code == 200
    assert replica.client.put("/api/admin/chaos", json={"rules": []}, headers=headers).status_code == 200
    assert replica.client.get("/api/categories").status_code == 200


@pytest.mark.parametrize("path", ["/", "/?product=1", "/?q=kettle", "/?category=garden"])
def test_the_window_is_one_page_without_anything_from_elsewhere(replica: Replica, path: str) -> None:
    answer = replica.client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.text.count("<li>") > 3
    for foreign in ("http://", "https://", "<script", "<link", "src="):
        assert foreign not in answer.text


def test_the_window_shows_what_was_typed_as_text(replica: Replica) -> None:
    text = replica.client.get("/", params={"q": '"><b>x'}).text
    assert "<b>" not in text
    assert replica.client.get("/?product=999999").status_code == 404


def test_requests_are_counted_by_route_not_by_path(replica: Replica) -> None:
    before = replica.metric("http_requests_total", route="/api/products/{id}", status="200")
    replica.client.get("/api/products/21")
    replica.client.get("/api/products/22")
    assert replica.metric("http_requests_total", route="/api/products/{id}", status="200") == before + 2
