"""A range with a network, shared by the tests of one module."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from faults_stand import Stand, standing


@pytest.fixture(scope="module")
async def stand(place: Path, anyio_backend: str) -> AsyncIterator[Stand]:
    async with standing(place) as made:
        yield made
