"""Sockets below a home directory of any length: what serves there must be able to bind."""

import asyncio
from pathlib import Path

import pytest
from range_stand import standing

from drillyard.range.member import State

USUAL = "/range/haproxy/run/haproxy.sock"


@pytest.mark.parametrize("length", [93, 94, 99, 107])
def test_haproxy_starts_and_reloads_however_long_the_path_of_its_socket(place: Path, length: int) -> None:
    """99 is that of /home/trainee/.local/share/drillyard/drills/performance-optimization."""
    home = place / ("h" * (length - len(f"{place}/{USUAL}")))
    home.mkdir()
    assert len(f"{home}{USUAL}") == length

    async def scene() -> None:
        async with standing(home, "haproxy") as stand:
            await stand.supervisor.reload("haproxy")
            assert stand.member.state is State.READY

    asyncio.run(scene())
