"""Every fault, on a live range under load, moves a reading that it says it moves; then all is well again.

The table of what was seen is printed at the end (`pytest -s`); docs/faults.md keeps one.
"""

import asyncio
from collections.abc import Iterable, Iterator

import pytest
from faults_stand import Readings, Stand, moved
from pydantic import JsonValue

from drillyard.base.clock import monotonic, until
from drillyard.faults.catalog import kinds
from drillyard.faults.families.cache import flush
from drillyard.faults.fault import Moves
from drillyard.faults.injector import Injection
from drillyard.faults.scene import Scene
from drillyard.range.privileges import demoted

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(180)]

LINKED = {"link": "storefront-*-to-postgres"}
TO_CACHE = {"link": "storefront-*-to-valkey"}
PARAMETERS: dict[str, dict[str, JsonValue]] = {
    "network.delay": {**LINKED, "delay_ms": 30},
    "network.bandwidth": {**LINKED, "rate_kb_s": 30},
    "network.reset": {**TO_CACHE, "after_ms": 20},
    "network.black-hole": {**TO_CACHE},
    "network.slow-close": {"link": "worker-notifications-to-mailsink", "delay_ms": 3000},
    "network.cut": {**TO_CACHE},
    "process.kill": {"component": "storefront-1"},
    "process.kill-9": {"component": "storefront-1"},
    "process.pause": {"component": "storefront-1"},
    "process.restart-loop": {"component": "worker-inventory"},
    "process.slow-start": {"component": "storefront-2", "takes_s": 4},
    "process.memory-leak": {"component": "storefront-1"},
    "process.cpu-burn": {"component": "storefront-1"},
    "load-balancer.dead-in-rotation": {"replica": "storefront-1"},
    "load-balancer.uneven-weights": {"replica": "storefront-1"},
    "resource.cpu-contention": {"cores": 8},  # a machine may be busy before it, and must be busier
}
"""Of those that have to be told something, or more than usual."""
BEFORE_S = 1.0
BEFORE_THEY_COME = {"resource.file-descriptors"}
"""Those that only newcomers feel: customers who keep their connections may all be in after a second."""
COMPARED_WITH_JUST_BEFORE = {"process.memory-leak"}
"""Those whose reading earlier faults leave elsewhere: a replica that was killed is smaller than it was."""
TRIES = 3
"""So often at most a fault is put in while the machine is busy: a window is of its others as well then."""
BUSY = 0.1
"""Share of the time in which something waited for a CPU, above which the machine is."""
WINDOW_S = 6.0
LONGEST_S = 60.0
WELL = 0.99
ROWS: list[str] = []


@pytest.fixture(scope="module", autouse=True)
def _table() -> Iterator[None]:
    yield
    print("\n| fault | reading | before | during | back after |\n|---|---|---|---|---|")
    print("\n".join(ROWS))


@pytest.fixture(scope="module")
async def steady(stand: Stand, anyio_backend: str) -> Readings:
    await stand.window(3.0)  # caches and pools fill
    return await stand.window(6.0)


async def _standby(stand: Stand) -> None:
    """One that follows, for what needs it."""
    host = stand.range.host
    assert host
    script = 'pg_basebackup -D "$STANDBY_DATA" -R -X stream -c fast && shopctl start standby'
    streams = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"
    done = await asyncio.create_subprocess_exec(
        "/bin/sh", "-ec", script, env=host.shell.environment(), cwd=host.sites.home, **_account(stand)
    )
    assert await done.wait() == 0

    async def follows() -> bool:
        return await Scene(stand.range).sql(streams) == [(1,)]

    await until(follows, deadline_s=20, what="the standby follows", every_s=0.1)


def _account(stand: Stand) -> dict[str, object]:
    return dict(demoted(stand.range.account))


@pytest.mark.parametrize("kind", kinds())
async def test_every_fault_moves_what_it_says_and_is_over_in_time(
    stand: Stand, steady: Readings, kind: str
) -> None:
    fault = kinds()[kind]
    if kind == "database.replica-lag":
        await _standby(stand)
    if kind == "database.dropped-index":
        async with Scene(stand.range).cache() as cache:
            await flush(cache)  # what it is for is cached for minutes
    if kind in COMPARED_WITH_JUST_BEFORE:
        steady = await stand.window(WINDOW_S)
    for each_try in range(1, 1 + TRIES):
        seen = await _struck(stand, kind)
        if shifted := [each for each in fault.moves if moved(each.reading, each.way, steady, seen)]:
            break
        busy = seen["machine.pressure"].value
        assert busy > BUSY, _said(fault.moves, steady, seen)
        assert each_try < TRIES, f"{TRIES} times; pressure {busy:.2f}: {_said(fault.moves, steady, seen)}"
        await _back(stand, steady, [], fault.within_s)
        steady = await stand.window(WINDOW_S)
    back_s = await _back(stand, steady, shifted, fault.within_s)
    for each in shifted:
        before = steady[each.reading].value if each.reading in steady else 0.0
        during = seen[each.reading].value
        ROWS.append(f"| `{kind}` | `{each.reading}` | {before:.4g} | {during:.4g} | {back_s:.0f} s |")


async def _struck(stand: Stand, kind: str) -> Readings:
    """What is read of a window in which it comes."""
    if kind in BEFORE_THEY_COME:
        injection = await _now(stand, kind)
        seen = await stand.window(WINDOW_S)
    else:
        seen, injection = await asyncio.gather(stand.window(WINDOW_S), _soon(stand, kind))
    assert stand.injector.on == (injection,)
    await stand.injector.end(injection.number)
    return seen


async def _soon(stand: Stand, kind: str) -> Injection:
    """Put it in while customers are there already, and measured."""
    await asyncio.sleep(BEFORE_S)
    return await _now(stand, kind)


async def _now(stand: Stand, kind: str) -> Injection:
    return await stand.injector.inject(kind, PARAMETERS.get(kind, {}), LONGEST_S)


async def _back(stand: Stand, steady: Readings, shifted: list[Moves], within_s: float) -> float:
    """How long it took until customers are served and the readings are where they were; a window of a busy
    machine is of its others as well, and has more time.
    """
    ended = monotonic()
    while True:
        began = monotonic()
        now = await stand.window(2.0)
        away = [each for each in shifted if moved(each.reading, each.way, steady, now)]
        if now["requests.success_ratio"].value >= WELL and not away:
            return began - ended
        busy = now["machine.pressure"].value > BUSY
        assert monotonic() - ended < within_s * (TRIES if busy else 1), _said(shifted, steady, now)


def _said(moves: Iterable[Moves], steady: Readings, now: Readings) -> str:
    names = [each.reading for each in moves]
    names += ["requests.success_ratio", "latency.p50", "latency.p99", "jobs.done", "shop.errors_ratio"]
    values = {
        name: [round(readings[name].value, 4) if name in readings else None for readings in (steady, now)]
        for name in names
    }
    return f"before and then: {values}"


def test_the_tests_know_every_fault_that_has_to_be_told_something() -> None:
    told = {
        name for name, kind in kinds().items() if any(f.is_required() for f in kind.model_fields.values())
    }
    assert told <= set(PARAMETERS)
