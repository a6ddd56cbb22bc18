"""HAProxy: requests, errors, queue and balance, from its own Prometheus exporter.

https://docs.haproxy.org/2.8/management.html#9 explains the figures.
"""

from collections.abc import Iterable

import httpx

from drillyard.measure.exposition import Sample, scrape
from drillyard.measure.reading import Combine, Unit
from drillyard.measure.site import Site
from drillyard.measure.source import Described, Sheet, Source, SourceError, deltas

_REQUESTS = "haproxy_frontend_http_requests_total"
_RESPONSES = "haproxy_frontend_http_responses_total"
_SERVER_SESSIONS = "haproxy_server_sessions_total"
_QUEUE = "haproxy_backend_current_queue"
_SESSIONS = "haproxy_server_current_sessions"
_STATUS = "haproxy_server_status"
_UPTIME = "haproxy_process_uptime_seconds"
_COUNTERS = frozenset({_REQUESTS, _RESPONSES, _SERVER_SESSIONS})
_GAUGES = frozenset({_QUEUE, _SESSIONS, _STATUS, _UPTIME})
_SOURCE = "HAProxy /metrics"


class HAProxy(Source):
    """The front door. The proxy named `stats` (this exporter) is left out."""

    name = "haproxy"
    describes = (
        Described("proxy.requests", Unit.COUNT, Combine.SUM),
        Described("proxy.errors_ratio", Unit.RATIO),
        Described("proxy.queue.max", Unit.COUNT, Combine.MAX),
        Described("proxy.sessions.max", Unit.COUNT, Combine.MAX),
        Described("proxy.servers.up", Unit.COUNT, Combine.LAST),
        Described("proxy.imbalance", Unit.RATIO),
    )

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self._client = httpx.AsyncClient(timeout=5, trust_env=False)
        self._url = site.url("haproxy-stats", "/metrics")
        self._before: dict[str, float] = {}
        self._uptime = 0.0
        self._queue: list[float] = []
        self._sessions: list[float] = []

    async def begin(self) -> None:
        """Read the counters."""
        self._queue, self._sessions = [], []
        samples = await self._scrape()
        self._before, self._uptime = _counters(samples), _uptime(samples)

    async def sample(self) -> None:
        """Note queue and sessions."""
        self._note(await self._scrape())

    async def end(self, sheet: Sheet) -> None:
        """Read the counters again and write down what they grew by."""
        samples = await self._scrape()
        if _uptime(samples) < self._uptime:
            raise SourceError("HAProxy was replaced inside the window")
        self._note(samples)
        grown = deltas(self._before, _counters(samples))
        requests = sum(v for k, v in grown.items() if k.startswith(_REQUESTS + ","))
        errors = sum(v for k, v in grown.items() if k.startswith(_RESPONSES + ",") and "code=5xx" in k)
        sheet.add("proxy.requests", requests, _SOURCE)
        sheet.add_ratio("proxy.errors_ratio", errors, requests, _SOURCE)
        sheet.add("proxy.queue.max", max(self._queue), _SOURCE)
        sheet.add("proxy.sessions.max", max(self._sessions), _SOURCE)
        up = sum(s.value for s in samples if s.name == _STATUS and s.labels.get("state") == "UP")
        sheet.add("proxy.servers.up", up, _SOURCE)
        by_server = [v for k, v in grown.items() if k.startswith(_SERVER_SESSIONS + ",")]
        if sum(by_server) > 0:
            mean = sum(by_server) / len(by_server)
            sheet.add("proxy.imbalance", max(by_server) / mean, _SOURCE, weight=requests or 1.0)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _scrape(self) -> list[Sample]:
        samples = await scrape(self._client, self._url, _COUNTERS | _GAUGES)
        if not any(sample.name == _REQUESTS for sample in samples):
            raise SourceError("HAProxy's /metrics has no request counters")
        return [sample for sample in samples if sample.labels.get("proxy") != "stats"]

    def _note(self, samples: Iterable[Sample]) -> None:
        kept = list(samples)
        self._queue.append(sum(s.value for s in kept if s.name == _QUEUE))
        self._sessions.append(max((s.value for s in kept if s.name == _SESSIONS), default=0.0))


def _counters(samples: Iterable[Sample]) -> dict[str, float]:
    return {sample.key: sample.value for sample in samples if sample.name in _COUNTERS}


def _uptime(samples: Iterable[Sample]) -> float:
    return next((sample.value for sample in samples if sample.name == _UPTIME), 0.0)
