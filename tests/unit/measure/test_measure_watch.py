"""Sources of a window: waited for, but not for long, and all from the same instant on."""

from typing import Any, cast

import anyio
import pytest

from drillyard.base.clock import monotonic, wall
from drillyard.measure.reading import Unit, Window
from drillyard.measure.source import Described, Sheet, Source
from drillyard.measure.watch import EARLY_S, Watch

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Counting(Source):
    """Counts seconds since it began."""

    name = "counting"
    describes = (Described("seconds", Unit.SECONDS),)
    began = 0.0
    begun = 0

    async def begin(self) -> None:
        Counting.begun += 1
        Counting.began = monotonic()

    async def end(self, sheet: Sheet) -> None:
        sheet.add("seconds", monotonic() - self.began, "a clock")


class Hanging(Source):
    """Never answers."""

    name = "hanging"
    describes = (Described("nothing", Unit.COUNT),)

    async def begin(self) -> None:
        await anyio.sleep_forever()

    async def end(self, sheet: Sheet) -> None:
        raise AssertionError("it is not asked again")


@pytest.mark.parametrize(("others", "begun"), [((), 1), ((Hanging,), 2)])
async def test_a_window_begins_with_all_of_its_sources(others: tuple[type[Source], ...], begun: int) -> None:
    Counting.begun = 0
    watch = Watch(cast(Any, None), [Counting, *others], patience_s=2 * EARLY_S)
    await watch.begin()
    ready, now = monotonic(), wall()
    found = await watch.end(Window(now, now + 1), 0)
    await watch.close()
    assert Counting.begun == begun
    assert ready - Counting.began < EARLY_S
    assert set(found.readings) == {"seconds"}
    assert [gap.prefix for gap in found.gaps] == ["nothing"] * len(others)
