"""A range with two sites that runs, and its operators' shell."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from drillyard.range.member import State
from drillyard.range.privileges import demoted
from drillyard.range.range import Range, Settings
from drillyard.range.workspace import create_workspace

STANDBY = "hot_standby = on\nshared_buffers = 32MB\n"
CRONTAB = """\
KEEP=3
@reboot echo "keep $KEEP in $BACKUPS"; until pg_isready -q; do sleep 0.1; done; tick.sh > "$OFFSITE/ticked"
"""


@asynccontextmanager
async def running(place: Path) -> AsyncIterator[tuple[Range, Path]]:
    made = await Range.create(place / "range", Settings(scale=0.02, monitoring=False, sites=True))
    overlay = place / "overlay"
    (overlay / "ops").mkdir(parents=True)
    (overlay / "standby").mkdir()
    (overlay / "standby" / "postgresql.conf").write_text(STANDBY)
    (overlay / "ops" / "crontab").write_text(CRONTAB)
    (overlay / "ops" / "tick.sh").write_text('#!/bin/sh\npsql -qAtc "SELECT count(*) > 0 FROM orders"\n')
    workspace = create_workspace(
        place / "workspace", made.addresses, made.credentials, [overlay], history=False
    )
    (workspace / "ops" / "tick.sh").chmod(0o755)
    made.release(workspace)
    try:
        await made.start()
        yield made, workspace
    finally:
        await made.remove()


async def shell(made: Range, script: str) -> tuple[int, str]:
    """What a script gives in the operators' shell."""
    assert made.host
    done = await asyncio.to_thread(
        subprocess.run,
        ["/bin/sh", "-c", script],
        env=made.host.shell.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
        cwd=made.host.sites.home,
        **demoted(made.host.sites.account),
    )
    return done.returncode, done.stdout


async def must(made: Range, script: str) -> str:
    code, said = await shell(made, f"set -e\n{script}")
    assert code == 0, said
    return said


def state(made: Range, name: str) -> State:
    return made.supervisor.member(name).state
