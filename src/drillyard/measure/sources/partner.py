"""The payment partner: what it was asked for, and what it kept, from its own `/metrics` and its statement."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import httpx

from drillyard.measure.exposition import scrape
from drillyard.measure.reading import Combine, Unit, Window
from drillyard.measure.site import Site
from drillyard.measure.source import Described, Sheet, Source, deltas

_CHARGES = "partner_charges_total"
_KEPT = "partner_charges_kept"
_MADE = ("succeeded", "declined")
_SOURCE = "the partner's /metrics"
_STATEMENT = "GET /v1/statement at the partner, from two minutes before the window"
_LOOK_BACK_S = 120.0
"""A charge that is repeated in the window may have been made first before it."""
_STATEMENT_LIMIT = 10_000
"""Charges that the partner gives at once, the oldest first."""


class Partner(Source):
    """Charges by what came of them."""

    name = "partner"
    describes = (
        Described("partner.charges", Unit.COUNT, Combine.SUM),
        Described("partner.refused", Unit.COUNT, Combine.SUM),
        Described("partner.unkept", Unit.COUNT, Combine.SUM),
        Described("partner.doubled", Unit.COUNT, Combine.SUM),
    )

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self._client = httpx.AsyncClient(timeout=5, trust_env=False)
        self._url = site.url("partner", "/metrics")
        self._statement = site.url("partner", "/v1/statement")
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
        await self._look_for_doubles(sheet)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _look_for_doubles(self, sheet: Sheet) -> None:
        since = sheet.window.start - _LOOK_BACK_S
        answer = await self._client.get(self._statement, params={"since": since})
        answer.raise_for_status()
        charges = answer.json()["charges"]
        if len(charges) < _STATEMENT_LIMIT:
            sheet.add("partner.doubled", doubled(charges, sheet.window), _STATEMENT)
        else:
            sheet.missing("partner.doubled", "the statement of the partner is cut: too many charges")

    async def _snapshot(self) -> tuple[dict[str, float], float]:
        samples = await scrape(self._client, self._url, (_CHARGES, _KEPT))
        charges = {sample.labels["outcome"]: sample.value for sample in samples if sample.name == _CHARGES}
        return charges, next((sample.value for sample in samples if sample.name == _KEPT), 0.0)


def doubled(charges: Iterable[Mapping[str, Any]], window: Window) -> int:
    """The orders (references) that were charged under different keys, at least once in the window."""
    keys: defaultdict[str, set[str]] = defaultdict(set)
    charged: set[str] = set()
    for charge in charges:
        reference = charge["reference"]
        if charge["status"] != "succeeded" or not reference:
            continue
        keys[reference].add(charge["key"])
        if window.start <= charge["at"] <= window.end:
            charged.add(reference)
    return sum(len(keys[reference]) > 1 for reference in charged)
