"""What is said of reports that a real shop makes: as shipped, and with queries that leave something out."""

import pytest
from answering_less import (
    EMPTY_REPORT,
    NO_OPINIONS,
    NO_REPORT_JOBS,
    ONE_DAY,
)
from assess_pair import Pair
from assess_shop import learner, replaced, sold_in_an_hour

from drillyard.assess.answers_seen import answers_seen
from drillyard.assess.probe import ProbeError
from drillyard.assess.probes import reports
from drillyard.assess.probes.reports import reports_made
from drillyard.assess.report_judges import PAGES
from drillyard.assess.shop import ADMIN, bearer
from drillyard.base.clock import monotonic, wall
from drillyard.traffic.seen import Seen

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]


async def test_reports_that_are_asked_for_are_made_and_right(pair: Pair):
    async with learner(pair) as site:
        found = {each.name.removeprefix("content.true."): each.value for each in await reports_made(site)}
    assert found == dict.fromkeys(reports.KINDS, 1.0)


async def test_a_report_of_nothing_is_seen(pair: Pair):
    async with replaced(pair, "jobs.sql", EMPTY_REPORT) as site:
        found = {each.name: each.value for each in await reports_made(site)}
    assert found["content.true.requested_customers"] == 0


@pytest.mark.parametrize(("text", "kind"), [(ONE_DAY, "sales"), (NO_OPINIONS, "customers")])
async def test_a_made_report_that_leaves_something_out_is_seen(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, text: str, kind: str
):
    monkeypatch.setattr(reports, "DAYS", (7,))
    async with replaced(pair, "jobs.sql", text) as site:
        found = {each.name: each.value for each in await reports_made(site)}
    assert found[f"content.true.requested_{kind}"] < 0.9


async def test_a_report_that_was_promised_to_nobody_s_knowledge_is_no_report(pair: Pair):
    """A load balancer may promise reports that the shop never hears of."""
    async with learner(pair) as site:
        header = await bearer(site, ADMIN)
        made = (await site.http.post("/api/admin/reports/sales?days=7", json={}, headers=header)).json()
        painted = {**made, "report_id": 10_000_000}
        path = "/api/admin/reports/sales?days=7"
        seen = [Seen(path, 0, wall(), page, "POST") for page in (made, painted, {**made, "report_id": "x"})]
        found = {each.name: each.value for each in await answers_seen(site, seen, 30)}
    assert found == {"content.seen": 3, "content.seen_false": 2}


async def test_a_report_is_judged_as_of_when_it_was_shown(pair: Pair):
    """Much of what a young shop has sold may be newer than an answer that is looked up a minute later."""
    made = pair.ranges["learner"]
    async with learner(pair) as site, sold_in_an_hour(pair, made):
        header = await bearer(site, ADMIN)
        for name, judge in PAGES.items():
            page = (await site.http.get(f"/api/admin/reports/{name}?days=30", headers=header)).json()
            assert await judge(30)(site, page) < 0.9, name
            assert await judge(30, until=wall() + 4200)(site, page) == 1.0, name


async def test_a_report_that_the_shop_never_heard_of_is_a_false_promise(pair: Pair):
    async with learner(pair) as site:
        header = await bearer(site, ADMIN)
        promised = reports._Asked("sales", 7, 2**31 - 1, wall())
        assert await reports._made(site, header, promised, monotonic()) == 0.0


async def test_a_report_that_is_never_made_proves_nothing(pair: Pair, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reports, "PATIENCE_S", 3.0)
    async with replaced(pair, "jobs.sql", NO_REPORT_JOBS) as site:
        with pytest.raises(ProbeError, match="was not there after"):
            await reports_made(site)
