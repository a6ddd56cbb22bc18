"""kill -9 of a drill's daemon at random instants: is anything orphaned, is anything acknowledged lost?

    python benchmarks/kills.py [--times 50] [--scale 0.02] [--seed 1]

Each time one kind of work is begun (start, load, apply, check, note), the daemon is killed after a random
time, and within 2 seconds every process that hung under it has to be gone. Then the next command has to bring
the drill back, with everything that was acknowledged before the kill. Ends with 1 if anything was left
or lost.
"""

import argparse
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from drillyard.base.processes import ProcessIdentity
from drillyard.drill.places import Places
from drillyard.drill.presence import daemon_of

ORPHANS_AFTER_S = 2.0
WORK = ("start", "load", "apply", "check", "note")
LONGEST_S = {"start": 2.0, "load": 3.0, "apply": 2.0, "check": 8.0, "note": 0.3}


@dataclass
class Tally:
    """What was seen."""

    killed: dict[str, int] = field(default_factory=dict)
    orphans: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    unrecovered: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether nothing was left or lost."""
        return not (self.orphans or self.lost or self.unrecovered)


class Bench:
    """One drill, killed again and again."""

    def __init__(self, home: Path, scale: float, seed: int) -> None:
        self.env = {**os.environ, "HOME": str(home), "DRILLYARD_HOME": str(home / "data"), "DRILL": "victim"}
        self.home, self.scale = home, scale
        self.places = Places(home / "data/drills/victim")
        self.random = random.Random(seed)
        self.tally = Tally()
        self.acknowledged: list[str] = []

    def drill(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "drillyard.cli.main", *arguments],
            env=self.env, cwd=self.home, capture_output=True, text=True, check=False, timeout=180,
        )  # fmt: skip

    def background(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Begin a command."""
        return subprocess.Popen(
            [sys.executable, "-m", "drillyard.cli.main", *arguments],
            env=self.env, cwd=self.home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def prepare(self) -> None:
        """The drill that is killed."""
        done = self.drill("start", "performance-optimization", "--name", "victim", "--variant", "1",
                          "--data-scale", str(self.scale))  # fmt: skip
        if done.returncode:
            raise SystemExit(done.stderr)

    def round(self, number: int, work: str) -> None:
        """Begin some work, kill, look, recover."""
        note = f"acknowledged {number}"
        if self.drill("note", note).returncode == 0:
            self.acknowledged.append(note)
        if work == "start":
            self.drill("pause")
        begun = self._begin(work, number)
        time.sleep(self.random.uniform(0.0, LONGEST_S[work]))
        daemon = daemon_of(self.places)
        if daemon is None:
            begun.wait()
            return
        below = [
            ProcessIdentity(p.pid, p.create_time())
            for p in psutil.Process(daemon.pid).children(recursive=True)
        ]
        daemon.send(signal.SIGKILL)
        self.tally.killed[work] = self.tally.killed.get(work, 0) + 1
        time.sleep(ORPHANS_AFTER_S)
        self._look_for_orphans(below, daemon, number, work)
        begun.terminate()
        begun.wait()
        self._recover(number, work)

    def _begin(self, work: str, number: int) -> subprocess.Popen[bytes]:
        match work:
            case "start":
                return self.background("resume")
            case "load":
                return self.background("measure")
            case "apply":
                config = Path(self.home / "drills/victim/haproxy/haproxy.cfg")
                config.write_text(f"{config.read_text().rstrip()}\n# {number}\n")
                return self.background("apply")
            case "check":
                return self.background("check", "2")
            case _:
                return self.background("note", f"unheard {number}")

    def _look_for_orphans(
        self, below: list[ProcessIdentity], daemon: ProcessIdentity, number: int, work: str
    ) -> None:
        now = daemon_of(self.places)  # started by the waiting command: no orphans
        own = {p.pid for p in psutil.Process(now.pid).children(recursive=True)} if now else set()
        left = [identity for identity in below if identity.pid not in own and identity.alive()]
        self.tally.orphans += [
            f"round {number} ({work}): pid {each.pid} of daemon {daemon.pid}" for each in left
        ]

    def _recover(self, number: int, work: str) -> None:
        done = self.drill("resume", "--json")
        if done.returncode:
            self.tally.unrecovered.append(f"round {number} ({work}): {done.stderr.strip()[-300:]}")
            return
        kept = {note["text"] for note in json.loads(self.drill("note", "--json").stdout)["notes"]}
        self.tally.lost += [
            f"round {number} ({work}): {note}" for note in self.acknowledged if note not in kept
        ]


def main() -> int:
    """Run the bench and print what was seen."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--scale", type=float, default=0.02)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="drillyard-kills-"))
    home.chmod(0o755)
    bench = Bench(home, options.scale, options.seed)
    began = time.monotonic()
    bench.prepare()
    for number, work in enumerate(itertools.islice(itertools.cycle(WORK), options.times), start=1):
        bench.round(number, work)
        print(f"{number}/{options.times} {work}", file=sys.stderr, flush=True)
    bench.drill("stop", "--delete", "--yes")
    total, took = sum(bench.tally.killed.values()), time.monotonic() - began
    print(f"killed {total} times in {took:.0f} s: {bench.tally.killed}")
    for kind in ("orphans", "lost", "unrecovered"):
        found = getattr(bench.tally, kind)
        print(f"{kind}: {len(found)}", *found, sep="\n  ")
    return 0 if bench.tally.clean else 1


if __name__ == "__main__":
    raise SystemExit(main())
