"""What a dead disk costs with three ways of keeping a copy, and whether every order is classed rightly.

    python benchmarks/recovery.py [--times 100] [--scale 0.02] [--rate 60] [--seed 1]

A range with two sites, customers that buy, the database's server killed and its data deleted at a random
moment, and the runbook's script of the scenario disaster-recovery: with the archive alone (a segment every
5 s at most), with an asynchronous standby, and with a synchronous one. Each order's class (kept, lost,
phantom, refused, indeterminate) is held against the whole content of the tables, read another way: by number
where the drill looks by key. Numbers of orders that are gone are not given again, so both have to agree.
Throughput is pgbench's (one row a transaction, 8 clients), in turns on one machine, and shown as a ratio.
Ends with 1 if one order was classed wrongly or one drill took longer than 30 s.
"""

import argparse
import asyncio
import random
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import psycopg

from drillyard.assess.reckoning import Fate, Judged, reckon_tables
from drillyard.assess.recovery import outage_now
from drillyard.assess.tables import connect
from drillyard.base.clock import monotonic, until, wall
from drillyard.base.paths import content
from drillyard.drill.customers import customers_of, products_of
from drillyard.faults.disasters import disaster
from drillyard.faults.scene import Scene
from drillyard.measure.site import Site, site_of
from drillyard.range.privileges import demoted
from drillyard.range.range import Range, Settings
from drillyard.range.workspace import create_workspace
from drillyard.traffic import ledger
from drillyard.traffic.ledger import Entry, WriteClass
from drillyard.traffic.plan import Constant, TrafficPlan
from drillyard.traffic.runner import TrafficProcess

MODES = ("archive", "asynchronous", "synchronous")
SCENARIO = content() / "scenarios" / "disaster-recovery"
MIX = {"browse": 30.0, "buy": 70.0}
BEFORE_S = (2.0, 5.0)
"""Customers come so long before the disk dies."""
GOAL_S = 30.0
TURNS = 5
_WAIT_FOR = (
    "psql -qAtc \"ALTER SYSTEM SET synchronous_standby_names = '{name}'\" -c 'SELECT pg_reload_conf()'"
)
_FOLLOWS = """shopctl start standby
until [ "$(psql -qAtc "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'")" = 1 ]
do sleep 0.2; done"""
_SET_UP = {
    "archive": f"{_WAIT_FOR.format(name='')}; shopctl stop standby || true",
    "asynchronous": f"{_WAIT_FOR.format(name='')}; {_FOLLOWS}",
    "synchronous": f"{_FOLLOWS}; {_WAIT_FOR.format(name='standby')}",
}
ROW = "INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (1, 1, 1, 1, now());"


@dataclass
class Round:
    """One drill: how long it took, what became of the orders, and which were classed wrongly."""

    seconds: float
    fates: Counter[str]
    recovery_s: float
    point_s: float
    wrong: list[str] = field(default_factory=list)


@asynccontextmanager
async def shop(place: Path, scale: float) -> AsyncIterator[Range]:
    """A shop that archives off site and has a backup there, with the scripts of the scenario's solutions."""
    made = await Range.create(place / "range", Settings(scale=scale, monitoring=False, sites=True))
    workspace = create_workspace(
        place / "workspace", made.addresses, made.credentials, [SCENARIO / "workspace"], history=False
    )
    for script in (SCENARIO / "solutions" / "_ops").iterdir():
        (workspace / "ops" / script.name).write_text(script.read_text())
    (workspace / "ops" / "crontab").write_text("")
    settings = workspace / "postgres" / "postgresql.conf"
    kept = [line for line in settings.read_text().splitlines() if not line.startswith("archive_")]
    kept += ["archive_mode = on", "archive_timeout = 5"]
    kept += ["""archive_command = 'sh "$CONFIG/ops/archive.sh" "%p" "%f"'"""]
    settings.write_text("\n".join(kept) + "\n")
    made.release(workspace)
    try:
        await made.start()
        await run(made, 'sh "$CONFIG/ops/configuration.sh"')
        yield made
    finally:
        await made.remove()


async def run(made: Range, script: str) -> str:
    """A script in the operators' shell; it must work."""
    assert made.host
    done = await asyncio.to_thread(
        subprocess.run,
        ["/bin/sh", "-ec", script],
        env=made.host.shell.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=180,
        check=False,
        cwd=made.host.sites.home,
        **demoted(made.host.sites.account),
    )
    if done.returncode:
        raise SystemExit(f"{script}\nended with {done.returncode}:\n{done.stdout}")
    return done.stdout


async def keep_copies(made: Range, mode: str) -> None:
    """A new backup, and the standby that the mode has."""
    await run(made, 'sh "$CONFIG/ops/backup.sh"')
    if mode == "archive":
        return
    await run(made, 'sh "$CONFIG/ops/standby.sh"')
    if mode == "asynchronous":
        lifted = "ALTER SYSTEM SET synchronous_standby_names = ''"
        await run(made, f'psql -qAtc "{lifted}" -c "SELECT pg_reload_conf()"')


async def one(made: Range, mode: str, place: Path, chance: random.Random, rate: float) -> Round:
    """Customers, a dead disk at a random moment, recovery, reckoning."""
    await keep_copies(made, mode)
    began = monotonic()
    orders, requests = place / "orders.jsonl", place / "requests"
    for left in (orders, requests):
        left.unlink(missing_ok=True)
    plan = TrafficPlan(
        target=str(made.addresses.endpoint("http")),
        profile=Constant(rate=rate),
        duration_s=120.0,
        mix=MIX,
        seed=chance.randrange(1_000_000),
        products=products_of(made.settings.scale),
        customers=customers_of(made.settings.scale),
        ledger=orders,
        outcomes=requests,
    )

    async def bought() -> bool:
        return orders.exists()

    traffic = await TrafficProcess.start(plan)
    try:
        await until(bought, deadline_s=20, what="customers buy", every_s=0.05)
        await asyncio.sleep(chance.uniform(*BEFORE_S))
        struck = (await disaster("data-gone").strike(Scene(made, chance))).moment
        await run(made, 'sh "$CONFIG/ops/recover.sh"')
        recovered = wall()

        async def settled() -> bool:
            return (await outage_now(requests, struck)).settled(recovered)

        await until(settled, deadline_s=60, what="service holds", every_s=0.25)
    finally:
        await traffic.stop()
    away = await outage_now(requests, struck)
    entries = list(ledger.read(orders))
    site = site_of("learner", made)
    async with await connect(site) as connection:
        reckoning = await reckon_tables(connection, entries, struck)
    wrong = await misclassed(site, reckoning.judged)
    fates = Counter({str(fate): count for fate, count in reckoning.fates.items()})
    seconds = monotonic() - began
    return Round(seconds, fates, away.recovery_s or 0.0, reckoning.recovery_point_s, wrong)


async def misclassed(site: Site, judged: Sequence[Judged]) -> list[str]:
    """Orders whose class is not what the tables say, all of which are read."""
    async with await psycopg.AsyncConnection.connect(site.audit_dsn) as connection:
        by_number = {
            int(row[0]): (int(row[1]), int(row[2]))
            for row in await (
                await connection.execute("SELECT id, customer_id, amount_cents FROM public.orders")
            ).fetchall()
        }
        keys = {
            (int(row[0]), str(row[1]))
            for row in await (
                await connection.execute(
                    "SELECT k.customer_id, k.key FROM public.idempotency_keys k"
                    " JOIN public.orders o ON o.id = k.order_id AND o.customer_id = k.customer_id"
                )
            ).fetchall()
        }
    return [
        f"{each.entry.key}: {each.fate}, and the tables say {wanted}"
        for each in judged
        if each.fate is not (wanted := _wanted(each.entry, by_number, keys))
    ]


def _wanted(entry: Entry, by_number: dict[int, tuple[int, int]], keys: set[tuple[int, str]]) -> Fate:
    match entry.kind:
        case WriteClass.INDETERMINATE:
            return Fate.INDETERMINATE
        case WriteClass.REFUSED:
            return Fate.PHANTOM if (entry.customer or 0, entry.key) in keys else Fate.REFUSED
        case WriteClass.ACKNOWLEDGED:
            found = by_number.get(int(str(entry.order_id)))
            return Fate.KEPT if found == (entry.customer, entry.amount_cents) else Fate.LOST


async def throughput(made: Range) -> dict[str, float]:
    """Transactions a second, of one row each, by mode: the median of `TURNS` turns that each mode has."""
    await keep_copies(made, "synchronous")
    await run(made, "dropdb --if-exists bench; createdb bench; pgbench -i -q -s 1 bench")
    await run(made, f"echo '{ROW}' > row.sql")
    found: dict[str, list[float]] = {mode: [] for mode in MODES}
    for _ in range(TURNS):
        for mode in MODES:
            await run(made, _SET_UP[mode])
            said = await run(made, "pgbench -n -f row.sql -c 8 -j 2 -T 4 bench")
            tps = re.search(r"tps = (?P<tps>[\d.]+)", said)
            if tps is None:
                raise SystemExit(said)
            found[mode].append(float(tps["tps"]))
    await run(made, f"{_SET_UP['archive']}; dropdb bench")
    return {mode: median(each) for mode, each in found.items()}


def shown(mode: str, rounds: Sequence[Round], tps: float, most: float) -> str:
    """One line of the table."""
    fates: Counter[str] = sum((each.fates for each in rounds), Counter())
    acknowledged = fates["kept"] + fates["lost"]
    points, times = [each.point_s for each in rounds], [each.recovery_s for each in rounds]
    return (
        f"| {mode} | {len(rounds)} | {acknowledged:,} | {fates['lost']:,} | {fates['indeterminate']:,}"
        f" | {fates['phantom']:,} | {median(points):.2f} s ({max(points):.2f} s) | {median(times):.1f} s"
        f" ({max(times):.1f} s) | {tps / most:.2f} | {max(each.seconds for each in rounds):.1f} s"
        f" | {sum(len(each.wrong) for each in rounds)} |"
    )


async def bench(place: Path, times: int, scale: float, rate: float, seed: int) -> int:
    """Everything; the exit code."""
    chance = random.Random(seed)
    found: dict[str, list[Round]] = {mode: [] for mode in MODES}
    tps: dict[str, float] = {}
    for number, mode in enumerate(MODES):
        async with shop(place / mode, scale) as made:
            tps = tps or await throughput(made)
            for _ in range(times // len(MODES) + (number < times % len(MODES))):
                round_ = await one(made, mode, place, chance, rate)
                found[mode].append(round_)
                print(
                    f"{mode} {len(found[mode])}: {dict(round_.fates)}, away {round_.recovery_s:.1f} s,"
                    f" point {round_.point_s:.2f} s, whole {round_.seconds:.1f} s",
                    file=sys.stderr,
                )
    print(
        "| copy | drills | acknowledged | lost | indeterminate | phantom | recovery point, median (most)"
        " | recovery time, median (most) | writes, ratio | longest drill | misclassed |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    rows = {mode: rounds for mode, rounds in found.items() if rounds}
    for mode, rounds in rows.items():
        print(shown(mode, rounds, tps[mode], tps["archive"]))
    every = [each for rounds in rows.values() for each in rounds]
    for each in every:
        for wrong in each.wrong:
            print(wrong, file=sys.stderr)
    return int(any(each.wrong or each.seconds > GOAL_S for each in every))


def main() -> int:
    """As the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--scale", type=float, default=0.02)
    parser.add_argument("--rate", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="drillyard-recovery-") as scratch:
        place = Path(scratch)
        place.chmod(0o755)
        for mode in MODES:
            (place / mode).mkdir(mode=0o755)
        return asyncio.run(bench(place, chosen.times, chosen.scale, chosen.rate, chosen.seed))


if __name__ == "__main__":
    sys.exit(main())
