"""Whether reports that are asked for are made by a worker, and say what is in the tables."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from drillyard.assess.page_judges import share_of
from drillyard.assess.probe import ProbeError, ProbeSite, probe
from drillyard.assess.report_judges import DAYS, ROWS, taken
from drillyard.assess.shop import ADMIN, bearer
from drillyard.base.clock import monotonic, wall
from drillyard.measure.reading import Combine, Reading, Unit
from drillyard.measure.source import Described

DESCRIBES = (Described("content.true.requested_<report>", Unit.RATIO, Combine.LAST),)
PATIENCE_S = 25.0
"""So long a report is waited for; none at this size takes a second by itself, and few are in the queue."""
EVERY_S = 0.5
KINDS = tuple(f"requested_{name}" for name in ROWS)


@dataclass(frozen=True)
class _Asked:
    """A report that was asked for, at `at` (seconds since the epoch, by our clock)."""

    name: str
    days: int
    number: int
    at: float


@probe(id="reports-made", seconds=PATIENCE_S + 10, gives=("content.true.requested_",))
async def reports_made(site: ProbeSite) -> Sequence[Reading]:
    """Ask for each report, wait for it, and give the share of what it must say that it says.

    Raises:
        ProbeError, httpx.HTTPError: one was not asked for or not finished in time; nothing is proven.
    """
    await site.turn()
    header = await bearer(site, ADMIN)
    days = random.choice(DAYS)
    asked = [await _ask(site, header, name, days) for name in ROWS]
    end = monotonic() + PATIENCE_S
    return [
        site.reading(
            f"content.true.requested_{each.name}",
            await _made(site, header, each, end),
            Unit.RATIO,
            source=f"POST /api/admin/reports/{each.name}?days={days}, its result beside the tables",
        )
        for each in asked
    ]


async def _ask(site: ProbeSite, header: Mapping[str, str], name: str, days: int) -> _Asked:
    await site.turn()
    answer = await site.http.post(f"/api/admin/reports/{name}?days={days}", json={}, headers=header)
    if answer.status_code != 202:
        raise ProbeError(f"the {name} report could not be asked for: {answer.status_code}")
    return _Asked(name, days, int(answer.json()["report_id"]), wall())


async def _made(site: ProbeSite, header: Mapping[str, str], asked: _Asked, end: float) -> float:
    """Wait until it is made, and judge it as of then."""
    while monotonic() < end:
        await site.turn()
        answer = await site.http.get(f"/api/admin/requested-reports/{asked.number}", headers=header)
        found = answer.json() if answer.is_success else {}
        if found.get("finished_at"):
            judge = ROWS[asked.name](asked.days, until=_moment(found["finished_at"], asked.at))
            return await share_of(judge, site, found.get("result"))
        await asyncio.sleep(EVERY_S)
    if await taken(site, asked.number, asked.name, asked.days, asked.at) is None:
        return 0.0  # somebody else than the shop has promised it
    raise ProbeError(f"the {asked.name} report that was asked for was not there after {PATIENCE_S:.0f} s")


def _moment(finished_at: str, asked: float) -> float:
    """As of when a report is judged: of when the shop says that it was finished, once it was asked for."""
    try:
        said = datetime.fromisoformat(finished_at).timestamp()
    except (ValueError, TypeError):
        said = asked
    return min(max(said, asked), wall())
