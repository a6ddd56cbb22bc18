"""How long until the shop serves, what an idle range costs, how long a reset takes.

    python benchmarks/start.py [--repeat 5] [--ranges 20] [--scale 1.0]

`start` is from the command `drill start` to the first page through HAProxy, everything warm (parts unpacked,
data template built). `bare` starts the same binaries with the same files, all at once, from this script: what
the machine needs at least. The ratio of the two is what Drillyard adds. `reset` and `start_command` are whole
commands. Memory is PSS of all processes below the daemon, and the daemon; idle CPU that of the ranges side by
side without customers, as a share of the whole machine. Nothing is planted: some flaws (a job that is retried
for ever) keep a range busy without any customer.
"""

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from drillyard.drill.places import Places
from drillyard.drill.presence import daemon_of
from drillyard.range.component import Component, Exec
from drillyard.range.range import Range
from drillyard.range.status import pss_of_tree

SCENARIO = "performance-optimization"
IDLE_S = 10.0
DEADLINE_S = 120.0


@dataclass(frozen=True)
class Lab:
    """A home of its own for the drills of this bench."""

    home: Path
    scale: float

    def drill(self, *arguments: str) -> None:
        """Run a command; ends the bench when it fails."""
        done = self.begin(*arguments).wait()
        if done:
            raise SystemExit(f"drill {' '.join(arguments)} ended with {done}")

    def begin(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Begin a command."""
        env = {**os.environ, "HOME": str(self.home), "DRILLYARD_HOME": str(self.home / "data")}
        return subprocess.Popen(
            [sys.executable, "-m", "drillyard.cli.main", *arguments],
            env=env, cwd=self.home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def start(self, name: str) -> subprocess.Popen[bytes]:
        """Begin `drill start` without customers."""
        return self.begin("start", SCENARIO, "--name", name, "--variant", "none", "--no-traffic",
                          "--data-scale", str(self.scale))  # fmt: skip

    def clear(self) -> None:
        """Remove every drill that is left."""
        for left in (self.home / "data/drills").glob("*"):
            self.begin("stop", "--delete", "--yes", "--drill", left.name).wait()

    def places(self, name: str) -> Places:
        """Where a drill of this lab lies."""
        return Places(self.home / "data/drills" / name)


def first_page(url: Callable[[], str | None]) -> float:
    """Seconds until the address that `url` gives serves a page."""
    began = time.monotonic()
    while time.monotonic() - began < DEADLINE_S:
        address = url()
        if address and _serves(address):
            return time.monotonic() - began
        time.sleep(0.005)
    raise SystemExit(f"no page within {DEADLINE_S:g} s")


def _serves(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def url_of(range_directory: Path) -> str | None:
    """Where the shop of a range will be, as soon as that is known."""
    try:
        addresses = json.loads((range_directory / "range.json").read_text())["addresses"]
    except (OSError, ValueError):
        return None
    return f"http://{addresses['host']}:{addresses['ports']['http']}/"


def started(lab: Lab, name: str) -> tuple[float, float]:
    """Seconds from `drill start` to the first page, and to the end of the command."""
    began = time.monotonic()
    command = lab.start(name)
    took = first_page(lambda: url_of(lab.places(name).range))
    command.wait()
    return took, time.monotonic() - began


def bare(lab: Lab, name: str) -> float:
    """Seconds from starting the same binaries at once to the first page; the drill has to be paused."""
    range_ = Range.open(lab.places(name).range)
    processes = [_popen(each) for each in range_.components(range_.releases.current)]
    try:
        return first_page(lambda: url_of(range_.directory))
    finally:
        for process in processes:
            process.send_signal(signal.SIGINT)
        for process in processes:
            _end(process)


def _popen(component: Component) -> subprocess.Popen[bytes]:
    command, account = component.command(), component.site.account
    switch = {} if account.is_current else {"user": account.uid, "group": account.gid, "extra_groups": []}
    if isinstance(command, Exec):
        argv = list(command.argv)
    else:
        switch = {}  # the account may not execute an interpreter in root's home directory
        code = f"from {command.module} import {command.function} as run; run(**{dict(command.kwargs)!r})"
        argv = [sys.executable, "-c", f"from pathlib import *\n{code}"]
    return subprocess.Popen(
        argv, env={**command.env, "PATH": os.defpath}, cwd=command.cwd,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **switch,
    )  # type: ignore[call-overload, no-any-return]  # fmt: skip


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def idle_cpu(lab: Lab, names: list[str]) -> float:
    """Share of the whole machine that these drills use while nothing is asked of them."""
    trees = [daemon_of(lab.places(name)) for name in names]
    pids = [process for tree in trees if tree for process in _below(tree.pid)]
    before, began = sum(map(_cpu_s, pids)), time.monotonic()
    time.sleep(IDLE_S)
    return (sum(map(_cpu_s, pids)) - before) / (time.monotonic() - began) / (os.cpu_count() or 1)


def _below(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def _cpu_s(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def run(lab: Lab, repeat: int, ranges: int) -> dict[str, float]:
    """All figures."""
    lab.drill("setup", "--data-scale", str(lab.scale))
    starts, commands, bares, resets = [], [], [], []
    for number in range(repeat):
        name = f"start-{number}"
        page, command = started(lab, name)
        starts.append(page)
        commands.append(command)
        began = time.monotonic()
        lab.drill("reset", "--yes", "--drill", name)
        resets.append(time.monotonic() - began)
        lab.drill("pause", "--drill", name)
        bares.append(bare(lab, name))
        lab.drill("stop", "--delete", "--yes", "--drill", name)
    names = [f"idle-{number}" for number in range(ranges)]
    for name in names:
        started(lab, name)
    daemon = daemon_of(lab.places(names[0]))
    memory = pss_of_tree(daemon.pid) if daemon else 0
    cpu = idle_cpu(lab, names)
    for name in names:
        lab.drill("stop", "--delete", "--yes", "--drill", name)
    start, command, floor, reset = map(statistics.median, (starts, commands, bares, resets))
    return {
        "start_s": start, "bare_s": floor, "start / bare": start / floor,
        "start_command_s": command, "reset_s": reset,
        "reset / start": reset / command, "idle_range_mib": memory / 2**20, f"idle_cpu_of_{ranges}": cpu,
    }  # fmt: skip


def main() -> None:
    """Run the bench and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--ranges", type=int, default=20)
    parser.add_argument("--scale", type=float, default=1.0)
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="drillyard-start-"))
    home.chmod(0o755)
    lab = Lab(home, options.scale)
    try:
        for name, value in run(lab, options.repeat, options.ranges).items():
            print(f"{name:18} {value:.3g}")
    finally:
        lab.clear()
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
