from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from shop_replica import Replica


def count(replica: Replica, table: str, **where: object) -> int:
    condition = " AND ".join(f"{column} = %({column})s" for column in where)
    with replica.postgres.connection() as connection:
        row = connection.execute(
            f"SELECT count(*) AS n FROM {table} WHERE {condition}".encode(), where
        ).fetchone()
    assert row
    return int(row["n"])


def stock_of(replica: Replica, product: int) -> int:
    with replica.postgres.connection() as connection:
        row = connection.execute("SELECT on_hand FROM stock WHERE product_id = %s", (product,)).fetchone()
    assert row
    return int(row["on_hand"])


def test_an_order_is_lines_stock_a_payment_and_a_promised_job(replica: Replica) -> None:
    headers = replica.sign_in("customer5")
    replica.fill_cart(headers, 31, quantity=2)
    replica.fill_cart(headers, 32)
    before = stock_of(replica, 31), stock_of(replica, 32)
    cart = replica.client.get("/api/cart", headers=headers).json()
    answer = replica.checkout(headers)
    assert answer.status_code == 201
    receipt = answer.json()
    assert receipt["amount_cents"] == cart["amount_cents"]
    assert receipt["status"] == "placed"
    assert receipt["number"] == f"S-{receipt['order_id']:08d}"
    assert (stock_of(replica, 31), stock_of(replica, 32)) == (before[0] - 2, before[1] - 1)
    assert count(replica, "order_lines", order_id=receipt["order_id"]) == 2
    assert count(replica, "payments", order_id=receipt["order_id"], status="pending") == 1
    with replica.postgres.connection() as connection:
        job = connection.execute("SELECT kind, payload FROM outbox ORDER BY id DESC LIMIT 1").fetchone()
    assert job
    assert job["kind"] == "charge_payment"
    assert job["payload"]["order_id"] == receipt["order_id"]
    assert job["payload"]["request_id"] == answer.headers["x-request-id"]
    assert replica.client.get("/api/cart", headers=headers).json()["items"] == []


def test_the_same_key_gives_the_same_order_however_often_it_is_sent(replica: Replica) -> None:
    headers, key = replica.sign_in("customer6"), uuid4().hex
    replica.fill_cart(headers, 33)
    before = stock_of(replica, 33)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: replica.checkout(headers, key), range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert stock_of(replica, 33) == before - 1
    assert count(replica, "idempotency_keys", key=key) == 1


def test_a_key_belongs_to_one_customer(replica: Replica) -> None:
    key = uuid4().hex
    receipts = []
    for who in ("customer7", "customer8"):
        headers = replica.sign_in(who)
        replica.fill_cart(headers, 34)
        receipts.append(replica.checkout(headers, key).json()["order_id"])
    assert receipts[0] != receipts[1]


def test_an_empty_cart_is_refused_and_a_key_is_needed(replica: Replica) -> None:
    headers = replica.sign_in("customer9")
    answer = replica.checkout(headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "cart_empty")
    answer = replica.client.post("/api/checkout", json={"payment_token": "t"}, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "idempotency_key_missing")


def test_nothing_changes_when_one_product_is_out_of_stock(replica: Replica) -> None:
    admin, headers = replica.sign_in("admin"), replica.sign_in("customer10")
    replica.client.put("/api/admin/products/36", json={"stock": 1}, headers=admin)
    replica.fill_cart(headers, 35)
    replica.fill_cart(headers, 36, quantity=2)
    before, key = stock_of(replica, 35), uuid4().hex
    answer = replica.checkout(headers, key)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "out_of_stock")
    assert stock_of(replica, 35) == before
    assert len(replica.client.get("/api/cart", headers=headers).json()["items"]) == 2
    assert count(replica, "idempotency_keys", key=key) == 0
    replica.fill_cart(headers, 36, quantity=1)
    assert replica.checkout(headers, key).status_code == 201
    assert stock_of(replica, 36) == 0


def test_an_order_that_no_amount_can_hold_is_refused(replica: Replica) -> None:
    admin, headers = replica.sign_in("admin"), replica.sign_in("customer11")
    before = replica.client.get("/api/products/39").json()["price_cents"]
    place = "/api/admin/products/39"
    replica.client.put(place, json={"price_cents": 100_000_000, "stock": 50}, headers=admin)
    replica.fill_cart(headers, 39, quantity=22)
    answer = replica.checkout(headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "amount_too_large")
    assert stock_of(replica, 39) == 50
    replica.client.put(place, json={"price_cents": before}, headers=admin)


def test_many_customers_cannot_buy_more_than_there_is(replica: Replica) -> None:
    admin = replica.sign_in("admin")
    replica.client.put("/api/admin/products/37", json={"stock": 5}, headers=admin)

    def buy(number: int) -> int:
        headers = replica.sign_in(f"customer{number}")
        replica.fill_cart(headers, 37, 38)
        return replica.checkout(headers).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(buy, range(20, 32)))
    assert sorted(statuses) == [201] * 5 + [409] * 7
    assert stock_of(replica, 37) == 0


@pytest.mark.parametrize("quantity", [0, 100, -1])
def test_a_cart_takes_1_to_99_of_a_product(replica: Replica, quantity: int) -> None:
    headers = replica.sign_in("customer11")
    answer = replica.client.put("/api/cart/items/1", json={"quantity": quantity}, headers=headers)
    assert answer.status_code == 422


def test_an_unknown_product_does_not_go_into_the_cart(replica: Replica) -> None:
    headers = replica.sign_in("customer11")
    answer = replica.client.put("/api/cart/items/999999", json={"quantity": 1}, headers=headers)
    assert answer.status_code == 404


def test_an_order_is_taken_while_the_broker_and_cache_are_away(own_replica: Replica) -> None:
    own_replica.start()
    own_replica.wait_ready()
    headers = own_replica.sign_in("customer12")
    own_replica.fill_cart(headers, 40)
    own_replica.valkey.kill()
    answer = own_replica.checkout(headers)
    assert answer.status_code == 201
    with own_replica.postgres.connection() as connection:
        row = connection.execute(
            "SELECT count(*) AS n FROM outbox WHERE kind = 'charge_payment' AND payload->>'order_id' = %s",
            (str(answer.json()["order_id"]),),
        ).fetchone()
    assert row == {"n": 1}
