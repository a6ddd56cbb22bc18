"""What the shop counts, for Prometheus. Each process has its own registry, made after it was forked.

Names follow https://prometheus.io/docs/practices/naming/: base units, `_total` for counters. A group a class;
the groups are cheap to call from the hot path (a dictionary look-up and an addition under a lock).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from storefront.settings.observability import Metrics as MetricsSettings

CONTENT_TYPE = CONTENT_TYPE_LATEST

QUERY_BUCKETS_S = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
JOB_BUCKETS_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
WAIT_BUCKETS_S = (0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0)


class HttpMetrics:
    """Rate, errors and duration of requests, per route (the pattern, not the path)."""

    def __init__(self, registry: CollectorRegistry, buckets_s: Sequence[float]) -> None:
        self._requests = Counter(
            "http_requests_total",
            "Requests answered.",
            ("route", "method", "status"),
            registry=registry,
        )
        self._duration = Histogram(
            "http_request_duration_seconds",
            "Seconds from the request's first byte to the last of its answer.",
            ("route", "method"),
            buckets=buckets_s,
            registry=registry,
        )
        self.in_progress = Gauge("http_requests_in_progress", "Requests in work.", registry=registry)
        self._counters: dict[tuple[str, str, int], Counter] = {}
        self._histograms: dict[tuple[str, str], Histogram] = {}

    def answered(self, route: str, method: str, status: int, duration_s: float) -> None:
        """Count one request. `route` is a pattern such as `/api/products/{id}`."""
        counter = self._counters.get((route, method, status))
        if counter is None:
            counter = self._counters[route, method, status] = self._requests.labels(
                route, method, str(status)
            )
        counter.inc()
        histogram = self._histograms.get((route, method))
        if histogram is None:
            histogram = self._histograms[route, method] = self._duration.labels(route, method)
        histogram.observe(duration_s)


class CacheMetrics:
    """What the cache did, by kind of cached thing."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, documentation: str) -> Counter:
            return Counter(name, documentation, ("kind",), registry=registry)

        self._hits = counter("cache_hits_total", "Look-ups answered by a fresh entry.")
        self._stale = counter(
            "cache_stale_total", "Look-ups answered by an entry past its lifetime (also counted as hits)."
        )
        self._misses = counter("cache_misses_total", "Look-ups that went to the database.")
        self._errors = counter("cache_errors_total", "Commands that failed or took too long.")
        self._waits = counter(
            "cache_lock_waits_total", "Misses that waited for another request to fill the same entry."
        )

    def hit(self, kind: str) -> None:
        """A fresh entry was found."""
        self._hits.labels(kind).inc()

    def stale(self, kind: str) -> None:
        """An entry past its lifetime was served."""
        self._hits.labels(kind).inc()
        self._stale.labels(kind).inc()

    def miss(self, kind: str) -> None:
        """Nothing was found."""
        self._misses.labels(kind).inc()

    def error(self, kind: str) -> None:
        """The cache did not answer, or not in time."""
        self._errors.labels(kind).inc()

    def lock_wait(self, kind: str) -> None:
        """A request waited for another that fills the entry."""
        self._waits.labels(kind).inc()


class DatabaseMetrics:
    """Queries by their name in the SQL files; the pool's figures come from `watch_pool`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._queries = Histogram(
            "db_query_duration_seconds",
            "Seconds of a query, without waiting for a connection.",
            ("query",),
            buckets=QUERY_BUCKETS_S,
            registry=registry,
        )
        self._errors = Counter(
            "db_query_errors_total", "Queries that failed.", ("query", "reason"), registry=registry
        )

    def query(self, name: str, duration_s: float) -> None:
        """Count one query."""
        self._queries.labels(name).observe(duration_s)

    def query_failed(self, name: str, reason: str) -> None:
        """Count a failed query; `reason` is a class of error, such as `QueryCanceled`."""
        self._errors.labels(name, reason).inc()

    def watch_pool(self, get_stats: Callable[[], Mapping[str, int]]) -> None:
        """Report a psycopg pool at each scrape; `get_stats` is the pool's method of that name."""
        self._registry.register(_PoolCollector(get_stats))


class _PoolCollector(Collector):
    """psycopg_pool's own statistics (https://www.psycopg.org/psycopg3/docs/advanced/pool.html#pool-stats)."""

    _GAUGES: tuple[tuple[str, str, str], ...] = (
        ("db_pool_size", "pool_size", "Connections open now."),
        ("db_pool_available", "pool_available", "Connections open and idle."),
        ("db_pool_max", "pool_max", "The most connections allowed."),
        ("db_pool_waiting", "requests_waiting", "Callers that wait for a connection now."),
    )
    _COUNTERS: tuple[tuple[str, str, str, float], ...] = (
        ("db_pool_requests", "requests_num", "Connections asked for.", 1),
        ("db_pool_requests_queued", "requests_queued", "Of those, how many had to wait.", 1),
        ("db_pool_wait_seconds", "requests_wait_ms", "Seconds spent waiting for a connection.", 1e-3),
        ("db_pool_timeouts", "requests_errors", "Requests that got no connection in time.", 1),
        ("db_pool_usage_seconds", "usage_ms", "Seconds that connections were in use.", 1e-3),
        ("db_pool_connections", "connections_num", "Connections opened since the start.", 1),
        ("db_pool_connection_errors", "connections_errors", "Connections that could not be opened.", 1),
        ("db_pool_connections_lost", "connections_lost", "Connections found broken.", 1),
    )

    def __init__(self, get_stats: Callable[[], Mapping[str, int]]) -> None:
        self._get_stats = get_stats

    def describe(self) -> Iterable[Metric]:
        """Nothing before the first scrape: the pool may not be open yet."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """The figures of this instant."""
        stats = self._get_stats()
        for name, key, documentation in self._GAUGES:
            yield GaugeMetricFamily(name, documentation, value=stats.get(key, 0))
        in_use = stats.get("pool_size", 0) - stats.get("pool_available", 0)
        yield GaugeMetricFamily("db_pool_in_use", "Connections given out now.", value=in_use)
        for name, key, documentation, unit in self._COUNTERS:
            yield CounterMetricFamily(name, documentation, value=stats.get(key, 0) * unit)


class BusinessMetrics:
    """What the owner of the shop asks about."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.orders = Counter("shop_orders_total", "Orders accepted at checkout.", registry=registry)
        self.order_value = Counter(
            "shop_order_value_cents_total", "Value of accepted orders, in cents.", registry=registry
        )
        self.revenue = Counter("shop_revenue_cents_total", "Cents charged successfully.", registry=registry)
        self._payments = Counter(
            "shop_payments_total", "Charges that came to an end.", ("outcome",), registry=registry
        )
        self._failures = Counter(
            "shop_payment_failures_total",
            "Attempts at a charge that did not succeed.",
            ("reason",),
            registry=registry,
        )
        self.mails = Counter("shop_mails_sent_total", "Mails handed to the mail server.", registry=registry)
        self.low_stock = Counter(
            "shop_low_stock_total", "Products that fell under the threshold.", registry=registry
        )

    def order_accepted(self, amount_cents: int) -> None:
        """A checkout was acknowledged."""
        self.orders.inc()
        self.order_value.inc(amount_cents)

    def payment_ended(self, outcome: str, amount_cents: int) -> None:
        """A charge came to an end: `succeeded` or `declined`."""
        self._payments.labels(outcome).inc()
        if outcome == "succeeded":
            self.revenue.inc(amount_cents)

    def payment_failed(self, reason: str) -> None:
        """An attempt failed: `declined`, `timeout`, `unreachable`, `rate_limited` or `partner_error`."""
        self._failures.labels(reason).inc()


class JobMetrics:
    """Background jobs, by actor (the job's kind) and the queue it came from."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._duration = Histogram(
            "job_duration_seconds",
            "Seconds that a job ran.",
            ("actor",),
            buckets=JOB_BUCKETS_S,
            registry=registry,
        )
        self._wait = Histogram(
            "job_wait_seconds",
            "Seconds from when a job could start to when it did.",
            ("actor",),
            buckets=WAIT_BUCKETS_S,
            registry=registry,
        )
        self._jobs = Counter(
            "jobs_total",
            "Attempts by outcome: succeeded, failed (will be tried again), dead (given up).",
            ("actor", "queue", "outcome"),
            registry=registry,
        )
        self._retries = Counter(
            "job_retries_total", "Jobs put back to be tried again.", ("actor", "queue"), registry=registry
        )
        self.in_progress = Gauge("jobs_in_progress", "Jobs in work now.", ("actor",), registry=registry)
        self.relayed = Counter(
            "outbox_relayed_total", "Jobs handed from the outbox to a queue.", registry=registry
        )
        self.resent = Counter(
            "outbox_resent_total", "Jobs handed over again because a queue had lost them.", registry=registry
        )

    def started(self, actor: str, wait_s: float) -> None:
        """A job begins after waiting for `wait_s` seconds."""
        self.in_progress.labels(actor).inc()
        self._wait.labels(actor).observe(wait_s)

    def ended(self, actor: str, queue: str, outcome: str, duration_s: float) -> None:
        """An attempt ended: `succeeded`, `failed` or `dead`."""
        self.in_progress.labels(actor).dec()
        self._duration.labels(actor).observe(duration_s)
        self._jobs.labels(actor, queue, outcome).inc()

    def retried(self, actor: str, queue: str) -> None:
        """A failed job was put back."""
        self._retries.labels(actor, queue).inc()


class Metrics:
    """All groups of one process."""

    def __init__(self, settings: MetricsSettings, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self.http = HttpMetrics(self.registry, tuple(ms / 1000 for ms in settings.duration_buckets_ms))
        self.cache = CacheMetrics(self.registry)
        self.database = DatabaseMetrics(self.registry)
        self.business = BusinessMetrics(self.registry)
        self.jobs = JobMetrics(self.registry)
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    def render(self) -> bytes:
        """The text that `/metrics` answers with, of type `CONTENT_TYPE`."""
        return generate_latest(self.registry)
