"""What operators left running in a range ends with it; what is not the range's goes on."""

from pathlib import Path

import pytest
from left_running import scene
from ordinary_user import run_as_ordinary_user

from drillyard.base.paths import is_root

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]

HERE = Path(__file__).parent
SCRIPT = """
import asyncio, sys
from pathlib import Path
from left_running import scene

asyncio.run(scene(Path(sys.argv[1])))
print("done")
"""


async def test_what_operators_left_running_ends_with_the_range_and_nothing_else_does(place: Path) -> None:
    await scene(place)


@pytest.mark.skipif(not is_root(), reason="the same as the other")
def test_so_it_does_where_services_run_as_the_user(place: Path) -> None:
    done = run_as_ordinary_user(SCRIPT, place, HERE)
    assert done.stdout.endswith("done\n"), done.stderr
