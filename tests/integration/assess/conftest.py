"""Two untouched ranges on small data, running side by side, shared by the tests of one module."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from assess_pair import SCALE, Pair

from drillyard.range.range import Range, Settings
from drillyard.range.workspace import create_workspace


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A directory that the service account can reach (pytest's own is closed to it)."""
    with TemporaryDirectory(prefix="drillyard-assess-") as scratch:
        directory = Path(scratch)
        directory.chmod(0o755)
        before = os.environ.get("DRILLYARD_HOME")
        os.environ["DRILLYARD_HOME"] = str(directory / "home")
        yield directory
        if before is None:
            del os.environ["DRILLYARD_HOME"]
        else:
            os.environ["DRILLYARD_HOME"] = before


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
