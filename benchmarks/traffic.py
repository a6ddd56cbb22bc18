"""How cheap is a request of our traffic, and does a stall of the server show? Beside Locust and wrk.

    python benchmarks/traffic.py [--json]

1. Requests per CPU-second of the client, against HAProxy answering product pages by itself. Ours decodes
   and validates every answer; Locust (FastHttpUser, 50 users in a closed loop) and wrk (50 connections) do
   not. Goal: 4 x Locust. Ours is run twice: saturated, with as many connections, and at a steady open rate.
2. The server is stopped (SIGSTOP) for one second at 2,000 requests a second. A customer who arrives t
   seconds into a stall of s seconds waits s - t; over a run of T seconds the p99 is s - 0.01 T. Goal: within
   2 %. Ours is run three times, and the median is shown.

Takes about 50 seconds. Locust comes with the `bench` extra; wrk with the system (`apt-get install wrk`).
Either is left out, and said so, when it is missing.
"""

import argparse
import asyncio
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from drillyard.base.clock import wait_until
from drillyard.range.parts import find
from drillyard.traffic.plan import Constant, TrafficPlan
from drillyard.traffic.result import Outcome, TrafficResult
from drillyard.traffic.runner import TrafficProcess

HOST = "127.84.0.1"
STALL_RATE = 2_000
STALL_RUN_S = 6.0
STALL_S = 1.0
STALL_AT_S = 2.5
STALL_REPEATS = 3
RUN_S = 5.0
SATURATING_RATE = 80_000
STEADY_RATE = 15_000
USERS = 50
_CONFIG = """\
global
    nbthread 1
    maxconn 8000
defaults
    mode http
    timeout client 60s
    timeout server 60s
    timeout connect 5s
frontend shop
    bind {address}
    acl page path_beg /api/products/
    acl reviews path_end /reviews
    http-request return status 200 content-type application/json lf-string '{product}' if page !reviews
    http-request return status 200 content-type application/json string '{lists}'
"""
_PRODUCT = (
    '{"id":%[path,field(4,/)],"name":"Folding walnut kettle","description":"Folding kettle made of walnut.",'
    '"price_cents":2599,"stock":12,"rating":{"reviews":3,"average":4.3},'
    '"reviews":[{"rating":5,"body":"Good value."}],"price_as_of":%Ts}'
)
_LISTS = (
    '{"page":1,"items":[{"id":1,"rating":4,"price_cents":199}],"bestsellers":[{"id":1,"price_cents":199}],'
    '"new":[{"id":2,"price_cents":299}]}'
)


@dataclass(frozen=True)
class Rate:
    """What one client managed: `per_cpu_s` is requests per second of its CPU time."""

    client: str
    requests: int
    per_s: float
    per_cpu_s: float
    kept_schedule: bool | None = None


@dataclass(frozen=True)
class Stall:
    """What one client said of a stall; `analytic_p99_ms` follows from how long the stall really was."""

    client: str
    stalled_s: float
    p99_ms: float
    analytic_p99_ms: float

    @property
    def ratio(self) -> float:
        """Reported over analytic."""
        return self.p99_ms / self.analytic_p99_ms


@contextmanager
def fast_server(directory: Path) -> Iterator[tuple[str, int]]:
    """HAProxy that answers by itself; yields its address and pid."""
    with socket.create_server((HOST, 0)) as probe:
        address = f"{HOST}:{probe.getsockname()[1]}"
    config = directory / "haproxy.cfg"
    config.write_text(_CONFIG.format(address=address, product=_PRODUCT, lists=_LISTS))
    haproxy = find("haproxy")
    process = subprocess.Popen(
        haproxy.argv("-db", "-q", "-f", str(config)),
        env={**os.environ, **haproxy.env},
        start_new_session=True,
    )
    try:
        wait_until(lambda: _accepts(address), deadline_s=10, what="HAProxy answers")
        yield address, process.pid
    finally:
        process.kill()
        process.wait()


def _accepts(address: str) -> bool:
    host, port = address.split(":")
    try:
        socket.create_connection((host, int(port)), 1).close()
    except OSError:
        return False
    return True


def ours(address: str, directory: Path, rate: float, seconds: float, connections: int) -> TrafficResult:
    """One run of our traffic in its own process."""
    return asyncio.run(_ours(_plan(address, directory, rate, seconds, connections), None))


def _plan(
    address: str, directory: Path, rate: float, seconds: float, connections: int = 4_000
) -> TrafficPlan:
    return TrafficPlan(
        target=address,
        profile=Constant(rate=rate),
        duration_s=seconds,
        mix={"browse": 1},
        max_in_flight=connections,
        results=directory / "ours",
    )


async def _ours(plan: TrafficPlan, server: int | None) -> TrafficResult:
    traffic = await TrafficProcess.start(plan)
    if server is not None:
        async for _ in traffic.live():
            break
        await asyncio.sleep(STALL_AT_S - 1)
        await asyncio.to_thread(stall, server)
    return await traffic.result()


def stall(server: int) -> None:
    """Stop the server for `STALL_S` seconds."""
    os.kill(server, signal.SIGSTOP)
    time.sleep(STALL_S)
    os.kill(server, signal.SIGCONT)


def our_rate(name: str, result: TrafficResult) -> Rate:
    """The figures of one of our runs; every answer has to be good.

    A run at a rate beyond what can be sent goes on after its plan until everything is sent: all of it counts.
    """
    if set(result.outcomes) != {Outcome.OK}:
        raise SystemExit(f"not every answer was good: {result.outcomes}")
    count = result.sent_requests
    return Rate(
        name, count, count / (result.ended - result.started), count / result.cpu_s, result.kept_schedule
    )


def locust(address: str, directory: Path, *, users: int, seconds: float, per_user: float = 0.0) -> "Locust":
    """Start Locust; its figures are there when it has ended."""
    return Locust(address, directory / "locust.json", users, seconds, per_user)


class Locust:
    """A Locust process."""

    def __init__(self, address: str, figures: Path, users: int, seconds: float, per_user: float) -> None:
        self._figures = figures
        figures.unlink(missing_ok=True)
        self._process = subprocess.Popen(
            [
                sys.executable, "-m", "locust", "-f", str(Path(__file__).with_name("traffic_locust.py")),
                "--headless", "--only-summary", "-u", str(users), "-r", str(users), "-t", f"{seconds:g}s",
                "--host", f"http://{address}", "-L", "ERROR",
            ],
            env={**os.environ, "LOCUST_FIGURES": str(figures), "LOCUST_PER_USER": str(per_user)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def figures(self) -> tuple[float, float, list[float]]:
        """CPU seconds, wall seconds and latencies in milliseconds."""
        self._process.wait(timeout=60)
        figures = json.loads(self._figures.read_text())
        return figures["cpu_s"], figures["wall_s"], figures["latencies_ms"]


def locust_rate(address: str, directory: Path) -> Rate:
    """Locust as fast as it goes."""
    cpu_s, wall_s, latencies = locust(address, directory, users=USERS, seconds=RUN_S).figures()
    return Rate("Locust FastHttpUser", len(latencies), len(latencies) / wall_s, len(latencies) / cpu_s)


def wrk_rate(address: str) -> Rate:
    """Figures of wrk, which is C: what is possible at all."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        ["wrk", "-t1", f"-c{USERS}", f"-d{RUN_S:g}s", f"http://{address}/api/products/7"],
        check=True,
        capture_output=True,
        text=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    found = re.search(r"(\d+) requests in ([\d.]+)s", done.stdout)
    if found is None:
        raise SystemExit(f"wrk said:\n{done.stdout}")
    count = int(found[1])
    return Rate("wrk", count, count / float(found[2]), count / cpu_s)


def our_stall(address: str, directory: Path, server: int) -> Stall:
    """What we say of a stall."""
    plan = _plan(address, directory, STALL_RATE, STALL_RUN_S)
    results = [asyncio.run(_ours(plan, server)) for _ in range(STALL_REPEATS)]
    if not all(result.kept_schedule for result in results):
        print("note: the generator did not keep its schedule; the machine is too busy", file=sys.stderr)
    p99_ms = float(np.median([result.percentile(99) for result in results]))
    return Stall("drillyard", STALL_S, p99_ms, analytic_p99_ms(STALL_RUN_S))


def locust_stall(address: str, directory: Path, server: int) -> Stall:
    """What Locust says of the same stall at a constant throughput."""
    running = locust(address, directory, users=USERS, seconds=STALL_RUN_S, per_user=STALL_RATE / USERS)
    time.sleep(STALL_AT_S + 1)
    stall(server)
    _, wall_s, latencies = running.figures()
    return Stall("Locust FastHttpUser", STALL_S, float(np.percentile(latencies, 99)), analytic_p99_ms(wall_s))


def analytic_p99_ms(run_s: float) -> float:
    """The p99 of what customers waited when a server that else answers at once stalls once."""
    return max(0.0, STALL_S - 0.01 * run_s) * 1000


def main() -> None:
    """Run everything and print the ratios."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print figures as JSON")
    as_json = parser.parse_args().json
    has_locust = shutil.which("locust", path=str(Path(sys.executable).parent)) is not None
    has_wrk = shutil.which("wrk") is not None
    with tempfile.TemporaryDirectory(prefix="drillyard-bench-") as name:
        directory = Path(name)
        with fast_server(directory) as (address, server):
            rates = [
                our_rate("drillyard, saturated", ours(address, directory, SATURATING_RATE, 2, USERS)),
                our_rate(
                    f"drillyard, {STEADY_RATE:,}/s", ours(address, directory, STEADY_RATE, RUN_S, 4_000)
                ),
            ]
            rates += [locust_rate(address, directory)] if has_locust else []
            rates += [wrk_rate(address)] if has_wrk else []
            stalls = [our_stall(address, directory, server)]
            stalls += [locust_stall(address, directory, server)] if has_locust else []
    if as_json:
        figures = {
            "rates": [asdict(rate) for rate in rates],
            "stalls": [asdict(each) | {"ratio": each.ratio} for each in stalls],
        }
        print(json.dumps(figures, indent=1))
    else:
        show(rates, stalls)


def show(rates: list[Rate], stalls: list[Stall]) -> None:
    """Figures as ratios side by side."""
    base = next((rate for rate in rates if rate.client.startswith("Locust")), None)
    print("requests per CPU-second of the client, the same server:")
    for rate in rates:
        ratio = f"{rate.per_cpu_s / base.per_cpu_s:7.2f} x Locust" if base else ""
        kept = "" if rate.kept_schedule is not False else "  (schedule not kept)"
        speed = f"{rate.per_cpu_s:10,.0f} /cpu-s {rate.per_s:10,.0f} /s"
        print(f"  {rate.client:24} {speed} {ratio}{kept}")
    print(f"server stopped for {STALL_S:g} s at {STALL_RATE:,}/s, reported p99 against the analytic value:")
    for each in stalls:
        figures = f"{each.p99_ms:8.1f} ms of {each.analytic_p99_ms:6.1f} ms"
        print(f"  {each.client:24} {figures}  ratio {each.ratio:.3f}")
    for missing, how in (("Locust", "pip install 'drillyard[bench]'"), ("wrk", "apt-get install wrk")):
        if not any(rate.client.startswith(missing) for rate in rates):
            print(f"  {missing} is not installed and was left out: {how}")


if __name__ == "__main__":
    main()
