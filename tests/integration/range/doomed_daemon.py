"""Owns a range as a daemon does, to be killed. Usage: doomed_daemon.py DIRECTORY. Says when it is ready."""

import asyncio
import sys
from pathlib import Path

from range_stand import SPEC, new_range

from drillyard.range.range import Range
from drillyard.range.supervisor import Supervisor

NAMES = ("postgres", "valkey", "haproxy", "partner", "mailsink")


async def main(directory: Path) -> None:
    there = Range.exists(directory / "range")
    made = Range.open(directory / "range") if there else await new_range(directory)
    components = [c for c in made.composition.components(SPEC) if c.name in NAMES]
    supervisor = Supervisor(made.directory)
    print("starting", flush=True)
    await supervisor.start(components)
    print(f"ready {supervisor.nursery_pid}", flush=True)
    await asyncio.sleep(3600)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
