"""The same without root: everything runs as the user. As root, this test becomes an ordinary user first."""

from pathlib import Path

from ordinary_user import run_as_ordinary_user

from drillyard.range.privileges import own, service_account

HERE = Path(__file__).parent
SCENE = """
import asyncio, sys
from pathlib import Path
from range_stand import standing, processes_of
from drillyard.range.member import State

async def scene(place):
    for name in ("postgres", "valkey", "haproxy", "alertmanager", "storefront-1"):
        async with standing(place / name, name) as stand:
            first = stand.member.pid
            await stand.supervisor.kill(name)
            await stand.ready_again(first)
            await stand.supervisor.reload(name)
            assert stand.member.state is State.READY
            good = {p.name: p for p in stand.component.site.config.iterdir() if p.is_file()}
            assert stand.component.validate(good) == []
    assert processes_of(place) == []

asyncio.run(scene(Path(sys.argv[1])))
print("done")
"""


def test_components_start_die_reload_and_stop_as_an_ordinary_user(place: Path) -> None:
    for name in ("postgres", "valkey", "haproxy", "alertmanager", "storefront-1"):
        (place / name).mkdir()
        own(place / name, service_account())
    done = run_as_ordinary_user(SCENE, place, HERE)
    assert done.stdout == "done\n", done.stderr
