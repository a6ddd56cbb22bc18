import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from jobs_services import eventually
from shop_replica import PORT, Replica

SLOW_CATEGORIES = "-- name: categories()\nSELECT 1 AS id, pg_sleep(1.0)::text AS slept;\n"
FEW_CATEGORIES = "-- name: categories()\nSELECT 4711 AS id, NULL AS parent_id, 'x' AS slug, 'x' AS name;\n"


def run_another(replica: Replica) -> "subprocess.CompletedProcess[str]":
    """A second process with the replica's settings and address, until it ends."""
    listen = f"{replica.host}:{PORT}"
    return subprocess.run(
        (sys.executable, "-m", "storefront", "web", "--settings", str(replica.settings), "--listen", listen),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_sighup_takes_settings_and_sql_without_a_restart(own_replica: Replica) -> None:
    own_replica.start()
    own_replica.wait_ready()
    own_replica.client.get("/api/categories")
    (own_replica.sql / "mine.sql").write_text(FEW_CATEGORIES)
    own_replica.configure(
        "[cache.categories]\nenabled = false\n[web]\nper_page = 3\nbacklog = 99\n", database="pool_max = 12"
    )
    own_replica.reread()
    assert [item["id"] for item in own_replica.client.get("/api/categories").json()["items"]] == [4711]
    assert len(own_replica.client.get("/api/products").json()["items"]) == 3
    assert '"wait_for_restart": ["web.backlog", "database.pool_max"]' in own_replica.log()


@pytest.mark.parametrize(
    ("settings", "sql"),
    [
        ("[web]\nper_page = 0\n", ""),
        ("[web\n", ""),
        ("[web]\nper_page = 3\n", "-- name: nothing()\nSELECT 1;\n"),
    ],
)
def test_bad_settings_or_sql_change_nothing(own_replica: Replica, settings: str, sql: str) -> None:
    own_replica.start()
    own_replica.wait_ready()
    own_replica.configure(settings)
    (own_replica.sql / "mine.sql").write_text(sql)
    own_replica.reread()
    assert "settings not taken" in own_replica.log()
    assert len(own_replica.client.get("/api/products").json()["items"]) == 20


def test_sigterm_lets_requests_in_work_finish(own_replica: Replica) -> None:
    (own_replica.sql / "slow.sql").write_text(SLOW_CATEGORIES)
    own_replica.start()
    own_replica.wait_ready()
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(own_replica.client.get, "/api/categories")
        with httpx.Client(base_url=own_replica.client.base_url) as other:
            eventually(
                lambda: "http_requests_in_progress 2.0" in other.get("/metrics").text,
                "the request is in work",
            )
        own_replica.signal(signal.SIGTERM)
        assert answer.result().status_code == 200
    assert own_replica.wait_exit() == 0


def test_readiness_tells_whether_the_database_serves(own_replica: Replica) -> None:
    good = own_replica.settings.read_text()
    own_replica.settings.write_text(good.replace(own_replica.postgres.host, own_replica.host))
    own_replica.start()
    answer = own_replica.client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "not ready")
    assert own_replica.client.get("/healthz").status_code == 200
    refused = own_replica.client.get("/api/home")
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "database_unavailable")


def test_connections_that_the_server_closed_fail_no_request(own_replica: Replica) -> None:
    own_replica.configure(database="pool_max = 5", cache="enabled = false")
    own_replica.start()
    own_replica.wait_ready()
    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda n: own_replica.client.get(f"/api/products/{n}"), range(1, 30)))
    with own_replica.postgres.connection() as connection:
        closed = connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) AS ended FROM pg_stat_activity"
            " WHERE application_name = 'web-1'"
        ).fetchall()
    assert closed
    assert all(row["ended"] for row in closed)
    statuses = [own_replica.client.get(f"/api/products/{n}").status_code for n in range(1, 20)]
    assert set(statuses) == {200}


def test_a_full_pool_answers_503_in_the_time_that_is_set(own_replica: Replica) -> None:
    (own_replica.sql / "slow.sql").write_text(SLOW_CATEGORIES)
    own_replica.configure(
        "[cache.categories]\nenabled = false\n", database="pool_max = 1\npool_timeout_s = 0.2"
    )
    own_replica.start()
    own_replica.wait_ready()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: own_replica.client.get("/api/categories"), range(4)))
    assert {answer.status_code for answer in answers} == {200, 503}
    refused = next(answer for answer in answers if answer.status_code == 503)
    assert refused.json()["error"]["code"] == "database_unavailable"


def test_a_statement_that_takes_too_long_is_cancelled(own_replica: Replica) -> None:
    (own_replica.sql / "slow.sql").write_text(SLOW_CATEGORIES)
    own_replica.configure(database="statement_timeout_ms = 100")
    own_replica.start()
    own_replica.wait_ready()
    answer = own_replica.client.get("/api/categories")
    assert answer.status_code == 503
    assert own_replica.metric("db_query_errors_total", query="categories", reason="QueryCanceled") == 1


def test_a_query_that_does_not_give_what_is_needed_is_answered_500(own_replica: Replica) -> None:
    (own_replica.sql / "mine.sql").write_text(
        "-- name: product_by_id(product)^\nSELECT 1 / (:product - 1);\n"
    )
    own_replica.start()
    own_replica.wait_ready()
    answer = own_replica.client.get("/api/products/1")
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal_error")
    assert "DivisionByZero" in own_replica.log()


def test_failed_sign_ins_are_limited_for_all_replicas_together(own_replica: Replica) -> None:
    own_replica.configure('[security]\nsign_in_limit = "3/hour"\n')
    own_replica.start()
    own_replica.wait_ready()
    wrong = {"email": "customer3@shop.test", "password": "wrong"}
    statuses = [own_replica.client.post("/api/sessions", json=wrong).status_code for _ in range(4)]
    assert statuses == [401, 401, 401, 429]
    own_replica.stop()
    own_replica.start()
    own_replica.wait_ready()
    assert own_replica.client.post("/api/sessions", json=wrong).status_code == 429
    own_replica.sign_in("customer4")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [("[web]\nper_page = 0\n", "web.per_page is 0"), ("[cache.home]\nttl = 1\n", "'ttl_s', perhaps")],
)
def test_a_process_with_bad_settings_says_why_and_exits_with_2(
    own_replica: Replica, settings: str, expected: str
) -> None:
    own_replica.configure(settings)
    done = run_another(own_replica)
    assert done.returncode == 2
    assert expected in done.stderr
    assert "Traceback" not in done.stderr


def test_a_replica_that_needs_the_partner_says_in_one_line_that_it_is_not_there(own_replica: Replica) -> None:
    url = f"http://{own_replica.host}:8200"
    own_replica.configure(f'[partner]\nurl = "{url}"\ntimeout_ms = 100\nneeded_at_start = true\n')
    done = run_another(own_replica)
    assert (done.returncode, done.stdout) == (1, "")
    said = f"the payment partner at {url} does not answer within 100 ms (partner.needed_at_start)"
    assert done.stderr == f"web-1 cannot start: {said}\n"


def test_a_port_that_is_taken_ends_the_process(own_replica: Replica) -> None:
    own_replica.start()
    done = run_another(own_replica)
    assert done.returncode == 1
    assert done.stderr == f"web-1 cannot listen on {own_replica.host}:{PORT}: Address already in use\n"
