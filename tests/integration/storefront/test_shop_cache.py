import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from jobs_services import eventually
from shop_replica import UNHURRIED, Replica


def queries(replica: Replica, name: str) -> float:
    return replica.metric("db_query_duration_seconds_count", query=name)


def hits(replica: Replica, kind: str) -> float:
    return replica.metric("cache_hits_total", kind=kind)


def misses(replica: Replica, kind: str) -> float:
    return replica.metric("cache_misses_total", kind=kind)


def test_a_second_request_is_a_hit_and_asks_no_query(own_replica: Replica) -> None:
    own_replica.start()
    own_replica.wait_ready()
    first = own_replica.client.get("/api/products/50").text
    assert own_replica.client.get("/api/products/50").text == first
    assert (hits(own_replica, "product"), misses(own_replica, "product")) == (1, 1)
    assert queries(own_replica, "product_by_id") == 1
    with own_replica.valkey.client() as client:
        assert 0 < client.pttl("product:50") <= 15_000


def test_a_key_with_a_part_of_its_request_never_hits(own_replica: Replica) -> None:
    own_replica.configure('[cache.product]\nkey = "product:{id}:{request_id}"\n')
    own_replica.start()
    own_replica.wait_ready()
    for _ in range(5):
        own_replica.client.get("/api/products/50")
    assert (hits(own_replica, "product"), misses(own_replica, "product")) == (0, 5)


@pytest.mark.parametrize(("protection", "least", "most"), [("lock", 1, 1), ("none", 2, 12)])
def test_a_stampede_reaches_the_database_once_with_a_lock(
    own_replica: Replica, protection: str, least: int, most: int
) -> None:
    slow = (
        "-- name: product_by_id(product)^\nSELECT pg_sleep(0.5)::text AS slept, 1 AS id, :product AS name;\n"
    )
    (own_replica.sql / "slow.sql").write_text(slow)
    own_replica.configure(
        f'[cache.product]\nprotection = "{protection}"\n[catalogue]\nrecommendations = 0\n',
        database="pool_max = 20",
    )
    own_replica.start()
    own_replica.wait_ready()
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: own_replica.client.get("/api/products/50").status_code, range(12)))
    assert set(answers) == {200}
    assert least <= queries(own_replica, "product_by_id") <= most


def test_who_waits_for_a_request_that_fails_takes_its_place(own_replica: Replica) -> None:
    nothing = (
        "-- name: product_by_id(product)^\n"
        "SELECT :product AS id FROM (SELECT pg_sleep(0.3)::text AS slept OFFSET 0) AS s\n"
        "WHERE slept = 'never';\n"
    )
    (own_replica.sql / "slow.sql").write_text(nothing)
    own_replica.configure(
        '[cache.product]\nprotection = "lock"\n', cache=f"{UNHURRIED}\nlock_timeout_ms = 60000"
    )
    own_replica.start()
    own_replica.wait_ready()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: own_replica.client.get("/api/products/50").status_code, range(4)))
    assert answers == [404] * 4, "nobody waits until the lock's own end, a minute later"


def test_a_stale_entry_is_served_while_one_request_renews_it(own_replica: Replica) -> None:
    own_replica.configure("[cache.categories]\nttl_s = 30\nstale_s = 60\n")
    own_replica.start()
    own_replica.wait_ready()
    with own_replica.valkey.client() as client:
        client.set("lock:categories", b"somebody", px=60_000)
        client.set("categories", f"{time.time() - 5:.3f} 0.0100\n".encode() + b'{"old": 1}', px=60_000)
        assert own_replica.client.get("/api/categories").json() == {"old": 1}
        client.delete("lock:categories")
        assert "old" not in own_replica.client.get("/api/categories").json()
        client.set("categories", f"{time.time() - 65:.3f} 0.0100\n".encode() + b'{"old": 1}', px=60_000)
        assert "old" not in own_replica.client.get("/api/categories").json()
    assert own_replica.metric("cache_stale_total", kind="categories") == 1


def test_the_shop_serves_without_the_cache_and_uses_it_again(own_replica: Replica) -> None:
    own_replica.start()
    own_replica.wait_ready()
    own_replica.client.get("/api/home")
    own_replica.valkey.kill()
    headers = own_replica.sign_in()
    for path in ("/api/home", "/api/products/1", "/api/search?q=steel", "/", "/api/orders"):
        assert own_replica.client.get(path, headers=headers).status_code == 200, path
    assert own_replica.client.get("/readyz").json()["cache"] == "unavailable"
    assert own_replica.metric("cache_errors_total") > 0
    own_replica.valkey.start()
    before = hits(own_replica, "home")

    def hit_again() -> bool:
        own_replica.client.get("/api/home")
        return hits(own_replica, "home") > before

    eventually(hit_again, "the cache is used again")
    eventually(
        lambda: own_replica.client.get("/readyz").json()["cache"] == "ok", "the cache is said to be there"
    )


def test_a_cache_that_hangs_is_left_alone(own_replica: Replica) -> None:
    own_replica.configure(cache="timeout_ms = 100")
    own_replica.start()
    own_replica.wait_ready()
    own_replica.valkey.signal(signal.SIGSTOP)
    try:
        for _ in range(20):
            assert own_replica.client.get("/api/products/1").status_code == 200
        assert "cache left alone" in own_replica.log()
        assert own_replica.metric("cache_errors_total") < 20
    finally:
        own_replica.valkey.signal(signal.SIGCONT)


def test_a_required_cache_that_is_away_fails_what_is_cached_and_nothing_else(own_replica: Replica) -> None:
    own_replica.configure("[cache.search]\nenabled = false\n", cache=f"{UNHURRIED}\nrequired = true")
    own_replica.start()
    own_replica.wait_ready()
    headers = own_replica.sign_in()
    own_replica.valkey.kill()
    before = queries(own_replica, "product_by_id")
    for path in ("/api/home", "/api/products/1", "/api/products/1", "/api/products/1", "/api/orders", "/"):
        answer = own_replica.client.get(path, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "cache_unavailable"), path
        assert answer.headers["retry-after"] == "1"
    assert queries(own_replica, "product_by_id") == before
    assert own_replica.client.get("/api/search?q=steel").status_code == 200
    assert own_replica.client.get("/readyz").status_code == 200
    own_replica.valkey.start()
    eventually(lambda: own_replica.client.get("/api/products/1").status_code == 200, "it is used again")


def test_a_required_cache_that_takes_no_lock_fails_misses(own_replica: Replica) -> None:
    own_replica.configure(cache=f"{UNHURRIED}\nrequired = true")
    own_replica.start()
    own_replica.wait_ready()
    assert own_replica.client.get("/api/home").status_code == 200
    with own_replica.valkey.client() as client:
        client.config_set("maxmemory", "1")
        assert own_replica.client.get("/api/products/1").status_code == 503
        client.config_set("maxmemory", "0")
    eventually(lambda: own_replica.client.get("/api/products/1").status_code == 200, "it is well again")


def test_the_cache_is_required_and_not_required_without_a_restart(own_replica: Replica) -> None:
    own_replica.start()
    own_replica.wait_ready()
    own_replica.valkey.kill()
    assert own_replica.client.get("/api/home").status_code == 200
    own_replica.configure(cache=f"{UNHURRIED}\nrequired = true")
    own_replica.reread()
    assert own_replica.client.get("/api/home").status_code == 503
    own_replica.configure()
    own_replica.reread()
    assert own_replica.client.get("/api/home").status_code == 200


def test_a_kind_can_be_switched_off(own_replica: Replica) -> None:
    own_replica.configure("[cache.home]\nenabled = false\n")
    own_replica.start()
    own_replica.wait_ready()
    own_replica.client.get("/api/home")
    own_replica.client.get("/api/home")
    assert queries(own_replica, "bestsellers") == 2
    with own_replica.valkey.client() as client:
        assert not client.exists("home")


@pytest.mark.parametrize(("batch", "many", "single"), [("true", 1, 0), ("false", 0, 20)])
def test_ratings_come_in_one_query_or_in_one_each(
    own_replica: Replica, batch: str, many: int, single: int
) -> None:
    own_replica.configure(f"[catalogue]\nbatch_ratings = {batch}\n")
    own_replica.start()
    own_replica.wait_ready()
    body = own_replica.client.get("/api/products?per_page=20").json()
    assert all(item["rating"]["reviews"] >= 0 for item in body["items"])
    assert queries(own_replica, "ratings_of_products") == many
    assert queries(own_replica, "rating_of_product") == single


@pytest.mark.parametrize(("batch", "many", "single"), [("true", 1, 0), ("false", 0, 10)])
def test_lines_of_orders_come_in_one_query_or_in_one_each(
    own_replica: Replica, batch: str, many: int, single: int
) -> None:
    own_replica.configure(f"[catalogue]\nbatch_order_lines = {batch}\n")
    own_replica.start()
    own_replica.wait_ready()
    headers = own_replica.sign_in()
    body = own_replica.client.get("/api/orders?per_page=10", headers=headers).json()
    assert all(order["lines"] for order in body["items"])
    assert queries(own_replica, "lines_of_orders") == many
    assert queries(own_replica, "lines_of_order") == single
