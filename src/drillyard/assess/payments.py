"""How long payments wait, by the traffic's ledger and the partner's: not by what the shop says of itself."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from drillyard.base.clock import wall
from drillyard.measure.reading import Reading, Unit, Window
from drillyard.measure.site import Site
from drillyard.measure.source import Described
from drillyard.traffic.ledger import Entry, WriteClass, read

DESCRIBES = (
    Described("promise.payment_wait", Unit.SECONDS),
    Described("promise.payment_wait_max", Unit.SECONDS),
)
PARTNER_TIMEOUT_S = 5


async def payment_wait(site: Site, windows: Sequence[Window], ledgers: Iterable[Path]) -> list[Reading]:
    """How long orders that were acknowledged in `windows` waited until the partner had charged them, or are
    waiting still: by the traffic's ledger and the partner's, not by what the shop says of itself.

    What the search for the sustained rate orders is not among them: it overloads the shop on purpose.

    Raises:
        httpx.HTTPError: the partner does not answer.
        UserError: a ledger is damaged.
    """
    span = Window(min(each.start for each in windows), max(each.end for each in windows))
    entries = await asyncio.to_thread(lambda: [entry for path in ledgers for entry in read(path)])
    async with httpx.AsyncClient(timeout=PARTNER_TIMEOUT_S, trust_env=False) as client:
        answer = await client.get(site.url("partner", f"/v1/statement?since={span.start}"))
    answer.raise_for_status()
    now = wall()
    # By the order that a charge names: a shop may give each attempt a key of its own. The first one counts.
    charged = {charge["reference"]: charge for charge in reversed(answer.json()["charges"])}
    waits = [
        _waited(entry, charged.get(f"order {entry.order_id}"), now)
        for entry in entries
        if entry.kind is WriteClass.ACKNOWLEDGED
        and any(each.start <= (entry.answered or 0) <= each.end for each in windows)
    ]
    if not waits:
        return []
    source = "the ledger of the traffic beside the partner's statement, orders of the windows"
    return [
        Reading(f"promise.payment_wait{suffix}", value, Unit.SECONDS, span, source, float(len(waits)))
        for suffix, value in (("", float(np.percentile(waits, 95))), ("_max", max(waits)))
    ]


def _waited(entry: Entry, charge: Mapping[str, Any] | None, now: float) -> float:
    """Seconds from the acknowledgement to the charge of the whole amount, or until now."""
    whole = charge is not None and charge["amount_cents"] == entry.amount_cents
    return max(0.0, (charge["at"] if charge and whole else now) - (entry.answered or now))
