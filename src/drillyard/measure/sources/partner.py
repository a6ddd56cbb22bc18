"""The payment partner: what it was asked for, and what it kept, from its own `/metrics`."""

import httpx

from drillyard.measure.exposition import scrape
from drillyard.measure.reading import Combine, Unit
from drillyard.measure.site import Site
from drillyard.measure.source import Described, Sheet, Source, deltas

_CHARGES = "partner_charges_total"
_KEPT = "partner_charges_kept"
_MADE = ("succeeded", "declined")
_SOURCE = "the partner's /metrics"


class Partner(Source):
    """Charges by what came of them."""

    name = "partner"
    describes = (
        Described("partner.charges", Unit.COUNT, Combine.SUM),
        Described("partner.refused", Unit.COUNT, Combine.SUM),
        Described("partner.unkept", Unit.COUNT, Combine.SUM),
    )

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self._client = httpx.AsyncClient(timeout=5, trust_env=False)
        self._url = site.url("partner", "/metrics")
        self._before: dict[str, float] = {}
        self._kept = 0.0

    async def begin(self) -> None:
        """Read the counters."""
        self._before, self._kept = await self._snapshot()

    async def end(self, sheet: Sheet) -> None:
        """Read them again and write down what they grew by."""
        after, kept = await self._snapshot()
        grown = deltas(self._before, after)
        made = sum(grown.get(outcome, 0.0) for outcome in _MADE)
        sheet.add("partner.charges", made, _SOURCE)
        sheet.add("partner.refused", grown.get("error", 0.0) + grown.get("rate_limited", 0.0), _SOURCE)
        sheet.add("partner.unkept", max(0.0, made - (kept - self._kept)), _SOURCE)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _snapshot(self) -> tuple[dict[str, float], float]:
        samples = await scrape(self._client, self._url, (_CHARGES, _KEPT))
        charges = {sample.labels["outcome"]: sample.value for sample in samples if sample.name == _CHARGES}
        return charges, next((sample.value for sample in samples if sample.name == _KEPT), 0.0)
