"""Whether reports that are asked for are made by a worker, and say what is in the tables."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from drillyard.assess.page_judges import share_of
from drillyard.assess.probe import ProbeError, ProbeSite, probe
from drillyard.assess.report_judges import ROWS
from drillyard.assess.shop import ADMIN, bearer
from drillyard.base.clock import monotonic
from drillyard.measure.reading import Combine, Reading, Unit
from drillyard.measure.source import Described

DESCRIBES = (Described("content.true.requested_<report>", Unit.RATIO, Combine.LAST),)
DAYS = 7
PATIENCE_S = 25.0
"""So long a report is waited for; none at this size takes a second by itself, and few are in the queue."""
EVERY_S = 0.5
KINDS = tuple(f"requested_{name}" for name in ROWS)


@probe(id="reports-made", seconds=PATIENCE_S + 10, gives=("content.true.requested_",))
async def reports_made(site: ProbeSite) -> Sequence[Reading]:
    """Ask for each report, wait for it, and give the share of what it must say that it says.

    Raises:
        ProbeError, httpx.HTTPError: one was not asked for or not finished in time; nothing is proven.
    """
    await site.turn()
    header = await bearer(site, ADMIN)
    asked = {name: await _ask(site, header, name) for name in ROWS}
    end = monotonic() + PATIENCE_S
    return [
        site.reading(
            f"content.true.requested_{name}",
            await share_of(ROWS[name](DAYS), site, await _made(site, header, name, number, end)),
            Unit.RATIO,
            source=f"POST /api/admin/reports/{name}?days={DAYS}, its result beside the rows of the tables",
        )
        for name, number in asked.items()
    ]


async def _ask(site: ProbeSite, header: Mapping[str, str], name: str) -> int:
    await site.turn()
    answer = await site.http.post(f"/api/admin/reports/{name}?days={DAYS}", json={}, headers=header)
    if answer.status_code != 202:
        raise ProbeError(f"the {name} report could not be asked for: {answer.status_code}")
    return int(answer.json()["report_id"])


async def _made(site: ProbeSite, header: Mapping[str, str], name: str, number: int, end: float) -> Any:
    while monotonic() < end:
        await site.turn()
        answer = await site.http.get(f"/api/admin/requested-reports/{number}", headers=header)
        found = answer.json() if answer.is_success else {}
        if found.get("finished_at"):
            return found.get("result")
        await asyncio.sleep(EVERY_S)
    raise ProbeError(f"the {name} report that was asked for was not there after {PATIENCE_S:.0f} s")
