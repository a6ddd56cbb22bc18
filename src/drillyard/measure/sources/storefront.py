"""The shop's own metrics: `/metrics` of every replica and worker, added up.

Every process counts for itself since its start. A process that was restarted inside the window, or a set of
processes that changed, gives a gap: counters of a dead process are gone.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from drillyard.measure.exposition import Sample, scrape
from drillyard.measure.reading import Combine, Unit
from drillyard.measure.site import Site
from drillyard.measure.source import Described, Sheet, Source, SourceError

_STARTED = "process_start_time_seconds"
_COUNTERS = frozenset(
    {
        "http_requests_total",
        "http_request_duration_seconds_sum",
        "http_request_duration_seconds_count",
        "cache_hits_total",
        "cache_stale_total",
        "cache_misses_total",
        "cache_errors_total",
        "cache_lock_waits_total",
        "db_pool_requests_total",
        "db_pool_requests_queued_total",
        "db_pool_wait_seconds_total",
        "db_pool_timeouts_total",
        "jobs_total",
        "job_retries_total",
        "job_duration_seconds_sum",
        "job_duration_seconds_count",
        "job_wait_seconds_sum",
        "job_wait_seconds_count",
        "shop_orders_total",
        "shop_payment_failures_total",
    }
)
_GAUGES = frozenset({"db_pool_max", _STARTED})
_SAMPLED = frozenset({"db_pool_waiting", "db_pool_in_use"})
_SAMPLE_EVERY = 2
"""Looks for one scrape of the replicas inside a window: a scrape costs a replica milliseconds."""
_WEB, _WORKERS = "/metrics of the replicas", "/metrics of the workers"
_QUIET = frozenset({"/metrics", "/healthz", "/readyz"})
"""Routes that no customer asks for."""


@dataclass(frozen=True)
class _Process:
    started: float
    samples: Mapping[str, Sample]


class Storefront(Source):
    """Replicas and workers of the shop."""

    name = "storefront"
    describes = (
        Described("cache.hit_ratio", Unit.RATIO),
        Described("cache.hit_ratio.<kind>", Unit.RATIO),
        Described("cache.lookups", Unit.COUNT, Combine.SUM, per_request=True),
        Described("cache.lookups.<kind>", Unit.COUNT, Combine.SUM),
        Described("cache.stale_ratio", Unit.RATIO),
        Described("cache.errors", Unit.COUNT, Combine.SUM),
        Described("cache.waits", Unit.COUNT, Combine.SUM),
        Described("shop.requests", Unit.COUNT, Combine.SUM),
        Described("shop.errors_ratio", Unit.RATIO),
        Described("shop.handling", Unit.MILLISECONDS),
        Described("pool.wait", Unit.MILLISECONDS),
        Described("pool.waited_ratio", Unit.RATIO),
        Described("pool.waiting.max", Unit.COUNT, Combine.MAX),
        Described("pool.in_use.max", Unit.COUNT, Combine.MAX),
        Described("pool.timeouts", Unit.COUNT, Combine.SUM),
        Described("pool.allowed", Unit.COUNT, Combine.LAST),
        Described("jobs.done", Unit.COUNT, Combine.SUM),
        Described("jobs.done.<actor>", Unit.COUNT, Combine.SUM),
        Described("jobs.failed", Unit.COUNT, Combine.SUM),
        Described("jobs.failed.<actor>", Unit.COUNT, Combine.SUM),
        Described("jobs.dead", Unit.COUNT, Combine.SUM),
        Described("jobs.retries", Unit.COUNT, Combine.SUM, per_request=True),
        Described("jobs.retries.<actor>", Unit.COUNT, Combine.SUM),
        Described("jobs.retries_per_job", Unit.RATIO),
        Described("jobs.duration.<actor>", Unit.MILLISECONDS),
        Described("jobs.wait.<actor>", Unit.MILLISECONDS),
        Described("business.orders", Unit.COUNT, Combine.SUM),
        Described("business.payment_failures", Unit.COUNT, Combine.SUM),
    )

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self._client = httpx.AsyncClient(timeout=5, trust_env=False)
        self._before: dict[str, _Process] = {}
        self._looks = 0
        self._pools: dict[str, float] = {}

    async def begin(self) -> None:
        """Read every process's counters."""
        self._looks, self._pools = 0, dict.fromkeys(_SAMPLED, 0.0)
        self._before = await self._snapshot()

    async def sample(self) -> None:
        """Note how many replicas' requests hold a connection, and how many wait for one."""
        self._looks += 1
        if self._looks % _SAMPLE_EVERY:
            return
        replicas = [name for name in self.site.census() if name.startswith("storefront-")]
        urls = [self.site.url(name, "/metrics") for name in replicas]
        found = await asyncio.gather(*(scrape(self._client, url, _SAMPLED) for url in urls))
        for gauge in _SAMPLED:
            now = sum(s.value for samples in found for s in samples if s.name == gauge)
            self._pools[gauge] = max(self._pools[gauge], now)

    async def end(self, sheet: Sheet) -> None:
        """Read them again and write down what they grew by."""
        grown, gauges = _grown(self._before, await self._snapshot())
        _write_cache(sheet, grown)
        _write_requests(sheet, grown)
        _write_pool(sheet, grown, gauges)
        _write_jobs(sheet, grown)
        sheet.add("pool.waiting.max", self._pools["db_pool_waiting"], f"{_WEB}, once a second")
        sheet.add("pool.in_use.max", self._pools["db_pool_in_use"], f"{_WEB}, once a second")
        sheet.add("business.orders", grown.total("shop_orders_total"), _WEB)
        sheet.add("business.payment_failures", grown.total("shop_payment_failures_total"), _WORKERS)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _snapshot(self) -> dict[str, _Process]:
        names = [name for name in self.site.census() if name.startswith(("storefront-", "worker-"))]
        if not any(name.startswith("storefront-") for name in names):
            raise SourceError("no replica of the shop runs")
        found = await asyncio.gather(*(self._scrape(name) for name in names))
        return dict(zip(names, found, strict=True))

    async def _scrape(self, name: str) -> _Process:
        try:
            samples = await scrape(self._client, self.site.url(name, "/metrics"), _COUNTERS | _GAUGES)
        except httpx.HTTPError as error:
            raise SourceError(
                f"{name} does not answer on /metrics: {error or type(error).__name__}"
            ) from error
        by_key = {sample.key: sample for sample in samples}
        started = by_key.get(_STARTED)
        return _Process(started.value if started else 0.0, by_key)


@dataclass(frozen=True)
class _Growth:
    """What the counters of all processes grew by, sample by sample."""

    samples: tuple[Sample, ...]

    def total(self, name: str, **labels: str) -> float:
        """The sum over all samples of `name` with these labels."""
        return sum(
            s.value
            for s in self.samples
            if s.name == name and all(s.labels.get(key) == value for key, value in labels.items())
        )

    def by(self, name: str, label: str, **labels: str) -> dict[str, float]:
        """The sums by the values of one label."""
        sums: defaultdict[str, float] = defaultdict(float)
        for s in self.samples:
            if s.name == name and all(s.labels.get(key) == value for key, value in labels.items()):
                sums[s.labels.get(label, "")] += s.value
        return dict(sums)


def _grown(before: Mapping[str, _Process], after: Mapping[str, _Process]) -> tuple[_Growth, _Growth]:
    if before.keys() != after.keys():
        changed = ", ".join(sorted(before.keys() ^ after.keys()))
        raise SourceError(f"the processes of the shop changed inside the window: {changed}")
    counters, gauges = [], []
    for name, process in after.items():
        earlier = before[name]
        if process.started != earlier.started:
            raise SourceError(f"{name} was restarted inside the window")
        for key, sample in process.samples.items():
            if sample.name in _GAUGES:
                gauges.append(sample)
                continue
            then = earlier.samples[key].value if key in earlier.samples else 0.0
            if sample.value < then:
                raise SourceError(f"{sample.name} of {name} went back inside the window")
            counters.append(Sample(sample.name, sample.labels, sample.value - then))
    return _Growth(tuple(counters)), _Growth(tuple(gauges))


def _write_cache(sheet: Sheet, grown: _Growth) -> None:
    hits, misses = grown.by("cache_hits_total", "kind"), grown.by("cache_misses_total", "kind")
    for kind in sorted(hits.keys() | misses.keys()):
        looked = hits.get(kind, 0.0) + misses.get(kind, 0.0)
        sheet.add_ratio(f"cache.hit_ratio.{kind}", hits.get(kind, 0.0), looked, _WEB)
        sheet.add(f"cache.lookups.{kind}", looked, _WEB)
    found, lookups = sum(hits.values()), sum(hits.values()) + sum(misses.values())
    sheet.add_ratio("cache.hit_ratio", found, lookups, _WEB)
    sheet.add("cache.lookups", lookups, _WEB)
    sheet.add_ratio("cache.stale_ratio", grown.total("cache_stale_total"), lookups, _WEB)
    sheet.add("cache.errors", grown.total("cache_errors_total"), _WEB)
    sheet.add("cache.waits", grown.total("cache_lock_waits_total"), _WEB)


def _write_requests(sheet: Sheet, grown: _Growth) -> None:
    customers = [s for s in grown.samples if s.labels.get("route") not in _QUIET]
    requests = _Growth(tuple(customers))
    total = requests.total("http_requests_total")
    by_status = requests.by("http_requests_total", "status")
    errors = sum(value for status, value in by_status.items() if status.startswith("5"))
    sheet.add("shop.requests", total, _WEB)
    sheet.add_ratio("shop.errors_ratio", errors, total, _WEB)
    spent = requests.total("http_request_duration_seconds_sum") * 1000
    sheet.add_ratio("shop.handling", spent, requests.total("http_request_duration_seconds_count"), _WEB)


def _write_pool(sheet: Sheet, grown: _Growth, gauges: _Growth) -> None:
    asked = grown.total("db_pool_requests_total")
    sheet.add_ratio("pool.wait", grown.total("db_pool_wait_seconds_total") * 1000, asked, _WEB)
    sheet.add_ratio("pool.waited_ratio", grown.total("db_pool_requests_queued_total"), asked, _WEB)
    sheet.add("pool.timeouts", grown.total("db_pool_timeouts_total"), _WEB)
    sheet.add("pool.allowed", gauges.total("db_pool_max"), f"{_WEB} and workers (db_pool_max)")


def _write_jobs(sheet: Sheet, grown: _Growth) -> None:
    done = grown.by("jobs_total", "actor", outcome="succeeded")
    failed = grown.by("jobs_total", "actor", outcome="failed")
    dead = grown.total("jobs_total", outcome="dead")
    retries = grown.by("job_retries_total", "actor")
    for name, found in (("done", done), ("failed", failed), ("retries", retries)):
        sheet.add(f"jobs.{name}", sum(found.values()), _WORKERS)
        for actor, value in found.items():
            sheet.add(f"jobs.{name}.{actor}", value, _WORKERS)
    sheet.add("jobs.dead", dead, _WORKERS)
    sheet.add_ratio("jobs.retries_per_job", sum(retries.values()), sum(done.values()) + dead, _WORKERS)
    for name, metric in (("duration", "job_duration_seconds"), ("wait", "job_wait_seconds")):
        sums, counts = grown.by(f"{metric}_sum", "actor"), grown.by(f"{metric}_count", "actor")
        for actor, count in counts.items():
            sheet.add_ratio(f"jobs.{name}.{actor}", sums.get(actor, 0.0) * 1000, count, _WORKERS)
