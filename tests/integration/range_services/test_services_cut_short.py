"""An apply whose process is killed in the middle: the next start finds one release or the other, no mix."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from drillyard.range.range import Range, Settings
from drillyard.range.workspace import create_workspace, released_files

DAEMON = """
import asyncio, sys
from pathlib import Path
from drillyard.range.range import Range

async def main(place):
    made = Range.open(place / "range")
    await made.start()
    await made.apply(place / "workspace", lambda what: print(what, flush=True))
    print("applied", flush=True)
    await asyncio.sleep(60)

asyncio.run(main(Path(sys.argv[1])))
"""


@pytest.mark.parametrize(("last_words", "release"), [("restarting storefront-1", 1), ("applied", 2)])
def test_a_killed_apply_is_whole_or_never_happened(last_words: str, release: int, place: Path) -> None:
    made = asyncio.run(Range.create(place / "range", Settings(scale=0.02, monitoring=False)))
    workspace = create_workspace(place / "workspace", made.addresses, made.credentials, history=False)
    made.release(workspace)
    for name, old, new in (
        ("storefront/storefront.toml", "pool_max = 10", "pool_max = 7"),
        ("haproxy/haproxy.cfg", "timeout queue 5s", "timeout queue 4s"),
    ):
        text = (workspace / name).read_text()
        assert old in text
        (workspace / name).write_text(text.replace(old, new))

    with subprocess.Popen(
        [sys.executable, "-c", DAEMON, str(place)], stdout=subprocess.PIPE, text=True
    ) as daemon:
        assert daemon.stdout is not None
        said = []
        for line in daemon.stdout:
            said.append(line)
            if line.startswith(last_words):
                break
        daemon.kill()
    assert said, "it came so far"
    assert said[-1].startswith(last_words)

    async def next_start() -> None:
        again = Range.open(place / "range")
        try:
            await again.start()
            assert (await again.status()).serving
            assert again.releases.current.number == release
            assert not (again.releases.directory / "pending").exists()
            for member in again.supervisor.members.values():
                part = {"postgres": "postgres", "haproxy": "haproxy", "valkey": "valkey"}.get(
                    member.component.kind, "storefront"
                )
                for name, file in again.releases.current.files_of(part).items():
                    assert (member.component.site.config / name).read_bytes() == file.read_bytes()
            assert released_files(workspace)
        finally:
            await again.remove()

    asyncio.run(next_start())
