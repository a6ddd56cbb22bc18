"""Two untouched ranges on small data, running side by side, shared by the tests of one module."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from assess_pair import SCALE, Pair

from drillyard.range.range import Range, Settings
from drillyard.range.workspace import create_workspace


@pytest.fixture(scope="module")
async def pair(place: Path, anyio_backend: str) -> AsyncIterator[Pair]:
    ranges: dict[str, Range] = {}
    try:
        for name in ("learner", "twin"):
            made = await Range.create(place / name, Settings(scale=SCALE, monitoring=False))
            ranges[name] = made
            made.release(
                create_workspace(place / f"{name}-ws", made.addresses, made.credentials, history=False)
            )
            await made.start()
        yield Pair(place, ranges)
    finally:
        for made in ranges.values():
            await made.remove()
