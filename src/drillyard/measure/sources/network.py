"""The network of a range that has one: connections through its proxies, from its own `/metrics`."""

import httpx

from drillyard.measure.exposition import scrape
from drillyard.measure.reading import Combine, Unit
from drillyard.measure.site import Site
from drillyard.measure.source import Described, Sheet, Source

_LINKS = "network_proxy_links"
_CLOSING = "network_proxy_links_closing"
_SOURCE = "the network's /metrics, twice a second"


class Network(Source):
    """Gauges only: a network that was started again inside a window has forgotten nothing that is read."""

    name = "network"
    describes = (
        Described("network.links", Unit.COUNT, Combine.MAX),
        Described("network.closing", Unit.COUNT, Combine.MAX),
    )

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self._client = httpx.AsyncClient(timeout=5, trust_env=False)
        self._url = site.url("network", "/metrics")
        self._links: list[float] = []
        self._closing: list[float] = []

    async def begin(self) -> None:
        """Look for the first time."""
        self._links, self._closing = [], []
        await self.sample()

    async def sample(self) -> None:
        """Count connections, where there is a network."""
        if "network" not in self.site.expected():
            return
        samples = await scrape(self._client, self._url, (_LINKS, _CLOSING))
        self._links.append(sum(each.value for each in samples if each.name == _LINKS))
        self._closing.append(sum(each.value for each in samples if each.name == _CLOSING))

    async def end(self, sheet: Sheet) -> None:
        """Write down the most."""
        if self._links:
            sheet.add("network.links", max(self._links), _SOURCE)
            sheet.add("network.closing", max(self._closing), _SOURCE)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()
