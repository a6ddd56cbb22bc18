from prometheus_client.parser import text_string_to_metric_families

from storefront.metrics import Metrics
from storefront.settings.observability import Metrics as Settings


def samples(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    text = metrics.render().decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_two_processes_do_not_share_figures() -> None:
    one, two = Metrics(Settings()), Metrics(Settings())
    one.business.order_accepted(500)
    assert samples(one)["shop_orders_total", ()] == 1
    assert samples(two)["shop_orders_total", ()] == 0


def test_requests_are_counted_by_route_method_and_status() -> None:
    metrics = Metrics(Settings(duration_buckets_ms=(10, 100)))
    metrics.http.answered("/api/products/{id}", "GET", 200, 0.05)
    metrics.http.answered("/api/products/{id}", "GET", 503, 5.0)
    found = samples(metrics)
    route = (("method", "GET"), ("route", "/api/products/{id}"))
    assert found["http_requests_total", (*route, ("status", "200"))] == 1
    assert found["http_requests_total", (*route, ("status", "503"))] == 1
    buckets = [
        found["http_request_duration_seconds_bucket", (("le", le), *route)] for le in ("0.01", "0.1", "+Inf")
    ]
    assert buckets == [0, 1, 2]


def test_a_stale_answer_is_a_hit_too() -> None:
    metrics = Metrics(Settings())
    metrics.cache.hit("product")
    metrics.cache.stale("product")
    metrics.cache.miss("product")
    found = samples(metrics)
    kind = (("kind", "product"),)
    assert [found[f"cache_{what}_total", kind] for what in ("hits", "stale", "misses")] == [2, 1, 1]


def test_the_pool_s_own_figures_are_shown_in_base_units() -> None:
    metrics = Metrics(Settings())
    metrics.database.watch_pool(
        lambda: {"pool_size": 5, "pool_available": 2, "requests_waiting": 3, "requests_wait_ms": 1500}
    )
    found = samples(metrics)
    assert found["db_pool_in_use", ()] == 3
    assert found["db_pool_waiting", ()] == 3
    assert found["db_pool_wait_seconds_total", ()] == 1.5


def test_only_a_successful_charge_is_revenue() -> None:
    metrics = Metrics(Settings())
    metrics.business.payment_ended("succeeded", 100)
    metrics.business.payment_ended("declined", 900)
    found = samples(metrics)
    assert found["shop_revenue_cents_total", ()] == 100
    assert found["shop_payments_total", (("outcome", "declined"),)] == 1
