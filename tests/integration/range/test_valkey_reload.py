"""What a changed valkey.conf does to the running server."""

import asyncio
from pathlib import Path

import valkey
from range_stand import standing


def test_changes_are_taken_without_losing_the_cache_and_fixed_settings_restart(place: Path) -> None:
    async def scene() -> None:
        async with standing(place, "valkey") as stand:
            endpoint = stand.component.site.addresses.endpoint("valkey")
            file = stand.component.site.config / "valkey.conf"
            first = stand.member.pid
            with valkey.Valkey(endpoint.host, endpoint.port) as client:
                file.write_text(
                    file.read_text().replace("maxmemory 64mb", "maxmemory 32mb") + 'save "60 1"\n'
                )
                await stand.supervisor.reload("valkey")
                assert stand.member.pid == first
                assert client.config_get("maxmemory") == {"maxmemory": str(32 << 20)}
                assert client.config_get("save") == {"save": "60 1"}
                file.write_text(file.read_text() + "databases 4\n")
                await stand.supervisor.reload("valkey")
                assert stand.member.pid != first
                assert client.config_get("databases") == {"databases": "4"}

    asyncio.run(scene())
