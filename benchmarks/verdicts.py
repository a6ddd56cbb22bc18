"""How often do verdicts cry wolf, and how often do they miss a slowdown?

Two untouched ranges of the same data are measured in alternating windows, with a noisy neighbour that burns
one core: any "different" is a false alarm. The recorded windows are then replayed: every repeat draws as
many consecutive rounds as a real measurement has, and judges them with each candidate interval. For the
seeded slowdown the learner's values of the same windows are multiplied by 1.5; `--real-slowdown` measures
one made by the shop's own delay switch too.

    python benchmarks/verdicts.py --rounds 40 --repeats 500
"""

import argparse
import asyncio
import json
import math
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import combinations_with_replacement
from pathlib import Path

import httpx
import numpy as np
from numpy.typing import NDArray

from drillyard.assess.kept import Keeper
from drillyard.assess.measurement import Measurement
from drillyard.assess.session import Progress, Session
from drillyard.assess.shape import Load, Shape
from drillyard.assess.subject import Subject
from drillyard.measure.paired import CONFIDENCE, MIN_PAIRS, log_t, rounds_needed
from drillyard.measure.site import site_of
from drillyard.range.range import Range, Settings
from drillyard.range.workspace import create_workspace

READINGS = (
    "latency.p50",
    "latency.p95",
    "db.buffers_per_request",
    "db.calls_per_request",
    "db.time_per_request",
    "processes.cpu_per_request",
    "cache.hit_ratio",
)
SAME = 0.05
SLOWDOWN = 1.5
MIX = {"browse": 60.0, "search": 14.0, "buy": 12.0, "history": 12.0, "admin": 2.0}
BOOTSTRAPS = 400

Logs = NDArray[np.float64]
Ends = tuple[float, float]
Candidate = Callable[[Logs, np.random.Generator], Ends]


def student(logs: Logs, _: np.random.Generator) -> Ends:
    """Student's t on the logarithms: what `measure.paired` does."""
    _, low, high = log_t(logs, CONFIDENCE)
    return low, high


def sign(logs: Logs, _: np.random.Generator) -> Ends:
    """Order statistics around the median with at least the wanted confidence, or the extremes (exact sign
    test).
    """
    ordered, n = np.sort(logs), logs.size
    rank = 0
    while 1 - 2 * sum(math.comb(n, k) for k in range(rank + 2)) / 2**n >= CONFIDENCE:
        rank += 1
    return math.exp(ordered[rank]), math.exp(ordered[n - 1 - rank])


def walsh(logs: Logs, _: np.random.Generator) -> Ends:
    """Hodges-Lehmann: order statistics of the Walsh averages by the exact Wilcoxon signed-rank
    distribution.
    """
    n = logs.size
    averages = np.sort([(a + b) / 2 for a, b in combinations_with_replacement(logs, 2)])
    ways = np.zeros(n * (n + 1) // 2 + 1)
    ways[0] = 1
    for k in range(1, n + 1):
        ways[k:] = ways[k:] + ways[:-k].copy()
    tail = np.cumsum(ways) / 2**n
    rank = int(np.searchsorted(tail, (1 - CONFIDENCE) / 2, side="right"))
    return math.exp(averages[max(rank - 1, 0)]), math.exp(averages[-max(rank, 1)])


def bootstrap_median(logs: Logs, rng: np.random.Generator) -> Ends:
    """Percentile bootstrap of the median."""
    drawn = np.median(rng.choice(logs, (BOOTSTRAPS, logs.size)), axis=1)
    low, high = np.percentile(drawn, [100 * (1 - CONFIDENCE) / 2, 100 * (1 + CONFIDENCE) / 2])
    return math.exp(low), math.exp(high)


def bootstrap_mean(logs: Logs, rng: np.random.Generator) -> Ends:
    """Percentile bootstrap of the mean."""
    drawn = rng.choice(logs, (BOOTSTRAPS, logs.size)).mean(axis=1)
    low, high = np.percentile(drawn, [100 * (1 - CONFIDENCE) / 2, 100 * (1 + CONFIDENCE) / 2])
    return math.exp(low), math.exp(high)


CANDIDATES: Mapping[str, Candidate] = {
    "log-t": student,
    "sign test": sign,
    "Hodges-Lehmann": walsh,
    "bootstrap of the median": bootstrap_median,
    "bootstrap of the mean": bootstrap_mean,
}


@dataclass(frozen=True)
class Row:
    """One reading judged by one kind of interval; all but the first three are shares of the repeats.

    `excludes_one` is an interval without 1 in it, `different` one that lies wholly outside 1 +- 5 %, which
    is what verdicts go by; `missed` is a slowdown that was not called different, `wrong_way` one that was
    called faster.
    """

    reading: str
    method: str
    width: float
    excludes_one: float
    different: float
    missed: float
    wrong_way: float


def replay(
    pairs: Mapping[str, Logs], *, rounds: int, repeats: int, seed: int, slow: Mapping[str, Logs] | None = None
) -> list[Row]:
    """Judge `repeats` draws of `rounds` consecutive rounds. `slow` holds rounds with a real slowdown, if
    any.
    """
    rows = []
    for reading, logs in pairs.items():
        slowed = slow.get(reading, np.empty(0)) if slow is not None else logs + math.log(SLOWDOWN)
        if logs.size < rounds or slowed.size < rounds:
            continue
        for name, interval in CANDIDATES.items():
            rng = np.random.default_rng([seed, rounds])
            same = [interval(_draw(logs, rounds, rng), rng) for _ in range(repeats)]
            other = [interval(_draw(slowed, rounds, rng), rng) for _ in range(repeats)]
            rows.append(
                Row(
                    reading,
                    name,
                    float(np.median([high / low - 1 for low, high in same])),
                    _share(low > 1 or high < 1 for low, high in same),
                    _share(low > 1 + SAME or high < 1 - SAME for low, high in same),
                    _share(not low > 1 + SAME for low, high in other),
                    _share(high < 1 - SAME for low, high in other),
                )
            )
    return rows


def _draw(logs: Logs, rounds: int, rng: np.random.Generator) -> Logs:
    """Consecutive rounds, as a measurement has them."""
    start = int(rng.integers(0, logs.size))
    return np.take(logs, range(start, start + rounds), mode="wrap")


def _share(found: Iterator[bool]) -> float:
    return float(np.mean(list(found)))


def paired_logs(m: Measurement) -> dict[str, Logs]:
    """For each reading the logarithm of learner / twin, round by round; windows in trouble are left out."""
    found = {}
    for name in READINGS:
        ours, theirs = m.learner.by_round(name), m.twin.by_round(name)
        rounds = sorted(r for r in ours.keys() & theirs.keys() if ours[r] > 0 and theirs[r] > 0)
        found[name] = np.log(np.array([ours[r] / theirs[r] for r in rounds]))
    return found


@contextmanager
def neighbour(seconds: float) -> Iterator[None]:
    """A process that burns one core, at most for `seconds`."""
    code = f"import time\nend = time.monotonic() + {seconds}\nwhile time.monotonic() < end: pass"
    process = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    try:
        yield
    finally:
        process.kill()
        process.wait()


async def record(arguments: argparse.Namespace, directory: Path) -> tuple[Measurement, Measurement | None]:
    """Measure two untouched ranges against each other, and again with the learner's slowed down if asked
    for.
    """
    ranges: dict[str, Range] = {}
    try:
        for name in ("learner", "twin"):
            made = await Range.create(directory / name, Settings(scale=arguments.scale, monitoring=False))
            ranges[name] = made
            workspace = directory / f"{name}-ws"
            create_workspace(workspace, made.addresses, made.credentials, history=False)
            _allow_chaos(workspace / "storefront" / "storefront.toml")
            made.release(workspace)
            await made.start()
        subjects = [
            Subject(site_of(name, made), directory / f"{name}.ledger", directory / f"{name}.tokens")
            for name, made in ranges.items()
        ]
        untouched = await _alternate(arguments, subjects, directory / "untouched", arguments.rounds)
        if not arguments.real_slowdown:
            return untouched, None
        await _slow_down(subjects[0], untouched.twin["latency.p50"].value * (SLOWDOWN - 1))
        return untouched, await _alternate(arguments, subjects, directory / "slowed", arguments.slow_rounds)
    finally:
        for made in ranges.values():
            await made.remove()


async def _alternate(
    arguments: argparse.Namespace, subjects: Sequence[Subject], kept: Path, rounds: int
) -> Measurement:
    shape = Shape("measure", rounds, arguments.window, 5.0, limit_s=math.inf, spare_rounds=0)
    load = Load(
        arguments.rate,
        MIX,
        products=max(1, int(50_000 * arguments.scale)),
        customers=max(1, int(20_000 * arguments.scale)),
    )
    with neighbour(3600) if arguments.neighbour else _nobody():
        windows = await Session(subjects, load, shape, Keeper(kept), progress=_show).run()
    return Measurement("aa", "verdicts", "0", "measure", 0.0, 0.0, windows)


@contextmanager
def _nobody() -> Iterator[None]:
    yield


def _allow_chaos(settings: Path) -> None:
    """Unlock the shop's own delay switch."""
    text = settings.read_text()
    section, found, rest = text.partition("[observability.chaos]")
    settings.write_text(section + found + rest.replace("allowed = false", "allowed = true", 1))


async def _slow_down(subject: Subject, delay_ms: float) -> None:
    async with httpx.AsyncClient(base_url=f"http://{subject.target}", timeout=10, trust_env=False) as client:
        account = {"email": "admin@shop.test", "password": "drillyard"}
        token = (await client.post("/api/sessions", json=account)).json()["token"]
        header = {"Authorization": f"Bearer {token}"}
        rule = {"route": "/api/*", "delay_ms": max(1, round(delay_ms))}
        answer = await client.put("/api/admin/chaos", json={"rules": [rule]}, headers=header)
        answer.raise_for_status()


def _show(progress: Progress) -> None:
    if progress.done % 10 == 0:
        print(f"  {progress.done}/{progress.total} windows", file=sys.stderr, flush=True)


def main() -> None:
    """Record, replay, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=40, help="recorded rounds (two windows each)")
    parser.add_argument("--repeats", type=int, default=500, help="replayed measurements")
    parser.add_argument("--judged", type=int, nargs="+", default=[4, 5, 6, 8], help="rounds of a measurement")
    parser.add_argument("--window", type=float, default=2.0, help="seconds of one window")
    parser.add_argument("--rate", type=float, default=60.0, help="requests per second")
    parser.add_argument("--scale", type=float, default=0.1, help="size of the data set")
    parser.add_argument("--neighbour", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--real-slowdown", action="store_true")
    parser.add_argument("--slow-rounds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("verdicts.json"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="drillyard-bench-") as scratch:
        directory = Path(scratch)
        directory.chmod(0o755)
        os.environ["DRILLYARD_HOME"] = str(directory / "home")
        untouched, slowed = asyncio.run(record(arguments, directory))
    pairs = paired_logs(untouched)
    slow = paired_logs(slowed) if slowed is not None else None
    results = {
        str(n): replay(pairs, rounds=n, repeats=arguments.repeats, seed=arguments.seed)
        for n in arguments.judged
        if n >= MIN_PAIRS
    }
    real = {
        str(n): replay(pairs, rounds=n, repeats=arguments.repeats, seed=arguments.seed, slow=slow)
        for n in arguments.judged
        if slow is not None and n >= MIN_PAIRS
    }
    _print(untouched, pairs, results, real)
    arguments.out.write_text(
        json.dumps(
            {
                "machine": {"cores": os.cpu_count(), "system": platform.platform()},
                "arguments": {name: str(value) for name, value in vars(arguments).items()},
                "windows": len(untouched.windows),
                "troubled_windows": sum(bool(window.troubles) for window in untouched.windows),
                "log_ratios": {name: logs.tolist() for name, logs in pairs.items()},
                "slowed_log_ratios": {name: logs.tolist() for name, logs in (slow or {}).items()},
                "replayed": {n: [asdict(row) for row in rows] for n, rows in results.items()},
                "replayed_real_slowdown": {n: [asdict(row) for row in rows] for n, rows in real.items()},
            },
            indent=1,
        )
        + "\n"
    )
    print(f"\nwritten to {arguments.out}")


def _print(
    m: Measurement,
    pairs: Mapping[str, Logs],
    results: Mapping[str, Sequence[Row]],
    real: Mapping[str, Sequence[Row]],
) -> None:
    troubled = sum(bool(window.troubles) for window in m.windows)
    print(f"{len(m.windows)} windows, {troubled} of them in trouble (their seconds are left out)\n")
    print("reading                       pairs  spread of the ratio  rounds for +-5 %")
    for name, logs in pairs.items():
        if logs.size > 1:
            spread = float(logs.std(ddof=1))
            print(f"{name:30}{logs.size:5}  {spread:18.1%}  {rounds_needed(spread, SAME):16}")
    for title, judged in (("1.5x by replay", results), ("1.5x by the shop's delay switch", real)):
        for rounds, rows in judged.items():
            print(f"\n{rounds} rounds, {title}: shares of repeats")
            print(f"{'reading':28}{'interval':25}{'width':>8}{'not 1':>8}{'differs':>9}{'missed':>8}")
            for row in rows:
                print(
                    f"{row.reading:28}{row.method:25}{row.width:8.1%}{row.excludes_one:8.1%}"
                    f"{row.different:9.1%}{row.missed:8.1%}"
                )


if __name__ == "__main__":
    main()
