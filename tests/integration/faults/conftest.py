"""A range with a network, shared by the tests of one module."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from faults_stand import Stand, standing


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A directory that the service account can reach (pytest's own is closed to it)."""
    with TemporaryDirectory(prefix="drillyard-faults-") as scratch:
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
async def stand(place: Path, anyio_backend: str) -> AsyncIterator[Stand]:
    async with standing(place) as made:
        yield made
