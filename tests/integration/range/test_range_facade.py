"""One whole range through its facade: what survives a stop, and what a reset brings back."""

import asyncio
from pathlib import Path
from urllib.request import urlopen

import psycopg
import pytest
from range_stand import SCALE, processes_of

from drillyard.base.errors import UserError
from drillyard.range.member import State
from drillyard.range.range import Range, Settings
from drillyard.range.workspace import create_workspace


def _ask(made: Range, query: str) -> object:
    with psycopg.connect(made.credentials.dsn("shop_admin", made.addresses), autocommit=True) as connection:
        cursor = connection.execute(query.encode())
        row = cursor.fetchone() if cursor.description else None
    return row[0] if row else None


def _page(made: Range) -> int:
    with urlopen(f"http://{made.addresses.endpoint('http')}/api/home", timeout=5) as answer:
        return int(answer.status)


def test_a_range_keeps_its_data_over_a_stop_and_a_reset_brings_the_start_state_back(place: Path) -> None:
    async def scene() -> None:
        made = await Range.create(place / "range", Settings(scale=SCALE, monitoring=False))
        workspace = create_workspace(place / "workspace", made.addresses, made.credentials, history=False)
        made.release(workspace)
        await made.start()
        assert await asyncio.to_thread(_page, made) == 200  # the first customer, at once
        status = await made.status()
        assert status.serving
        assert {component.state for component in status.components} == {State.READY}
        assert all(component.pss_bytes > 0 for component in status.components)
        assert made.logs("postgres", 5)
        with pytest.raises(UserError, match="no component"):
            made.logs("../range")
        await asyncio.to_thread(_ask, made, "CREATE TABLE mine AS SELECT 7 AS n")
        with pytest.raises(UserError, match="running already"):
            await Range.open(place / "range").start()

        await made.pause()
        assert processes_of(place) == []
        again = Range.open(place / "range")
        assert again.addresses == made.addresses
        await again.resume()
        assert await asyncio.to_thread(_ask, again, "SELECT n FROM mine") == 7

        await again.reset(workspace)
        assert await asyncio.to_thread(_ask, again, "SELECT to_regclass('mine')::text") is None
        assert await asyncio.to_thread(_page, again) == 200
        await again.remove()
        assert not (place / "range").exists()
        assert list((place / "home" / "addresses").glob("127*")) == []

    asyncio.run(scene())
