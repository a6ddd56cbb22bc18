"""Orders that were charged more than once, by the statement of the shop's own partner."""

from collections.abc import AsyncIterator

import httpx
import pytest

from drillyard.base.clock import wall
from drillyard.measure.reading import Window
from drillyard.measure.site import Site
from drillyard.measure.source import Sheet
from drillyard.measure.sources import partner as partner_module
from drillyard.measure.sources.partner import Partner, doubled
from drillyard.range.addresses import STANDARD_PORTS, Addresses
from storefront.partner import Control, Ledger
from storefront.partner import Partner as Service

WINDOW = Window(1000.0, 1060.0)


def charge(at: float, key: str, reference: str = "order 1", status: str = "succeeded") -> dict[str, object]:
    return {"at": at, "key": key, "reference": reference, "status": status}


@pytest.mark.parametrize(
    ("charges", "count"),
    [
        ([charge(1010, "a")], 0),
        ([charge(1010, "a"), charge(1020, "b")], 1),
        ([charge(1010, "a"), charge(1020, "b"), charge(1030, "c")], 1),
        ([charge(900, "a"), charge(1020, "b")], 1),
        ([charge(900, "a"), charge(910, "b")], 0),
        ([charge(1010, "a"), charge(1070, "b")], 1),
        ([charge(1010, "a"), charge(1020, "b", status="declined")], 0),
        ([charge(1010, "a"), charge(1020, "b", "order 2")], 0),
        ([charge(1010, "a", ""), charge(1020, "b", "")], 0),
        ([charge(1010, key, order) for key, order in (("a", "1"), ("b", "1"), ("c", "2"), ("d", "2"))], 2),
    ],
)
def test_an_order_counts_once_when_one_of_its_charges_is_in_the_window(
    charges: list[dict[str, object]], count: int
) -> None:
    assert doubled(charges, WINDOW) == count


@pytest.fixture
async def source() -> AsyncIterator[Partner]:
    service = Service(Ledger(100, None))
    service.control = Control(delay_ms=0, jitter_ms=0)
    source = Partner(Site("learner", Addresses("127.0.0.1", STANDARD_PORTS), dsn=""))
    await source._client.aclose()
    source._client = httpx.AsyncClient(transport=httpx.ASGITransport(app=service.app()))
    yield source
    await source.close()


async def charged(source: Partner, key: str, order: int) -> None:
    body = {"token": "tok", "amount_cents": 1, "currency": "EUR", "reference": f"order {order}"}
    url = source.site.url("partner", "/v1/charges")
    answer = await source._client.post(url, json=body, headers={"Idempotency-Key": key})
    assert answer.is_success


async def measured(source: Partner) -> Sheet:
    """One window in which order 1 is charged under two keys and order 2 twice under one."""
    start = wall()
    await source.begin()
    for key, order in (("a", 1), ("b", 1), ("c", 2), ("c", 2)):
        await charged(source, key, order)
    sheet = Sheet(Window(start, wall()), 10, Partner.describes)
    await source.end(sheet)
    return sheet


@pytest.mark.anyio
async def test_the_statement_tells_of_orders_charged_twice(source: Partner) -> None:
    sheet = await measured(source)
    assert sheet.readings["partner.charges"].value == 3
    assert sheet.readings["partner.doubled"].value == 1
    assert sheet.gaps == []


@pytest.mark.anyio
async def test_a_statement_that_is_cut_gives_no_figure(
    source: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partner_module, "_STATEMENT_LIMIT", 3)
    sheet = await measured(source)
    assert "partner.doubled" not in sheet.readings
    assert [gap.prefix for gap in sheet.gaps] == ["partner.doubled"]
