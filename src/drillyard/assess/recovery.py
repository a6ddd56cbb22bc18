"""What a disaster cost, and whether the shop is whole again: measured once the learner says it is.

The outage comes from a record of every customer's request (`measure/outage.py`), the lost orders from the
ledger (`reckoning`), and everything else from the shop as it is: its seeded rows, its catalog, its jobs, an
order that is placed and followed, pages beside the tables.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import httpx
import psycopg

from drillyard.assess.answers_seen import TRUE_SHARE
from drillyard.assess.archiving import archive_state
from drillyard.assess.audit import Forgiven, audit, audit_rows
from drillyard.assess.baseline import Baseline
from drillyard.assess.catalog import objects, sequences_behind
from drillyard.assess.probe import Probe, ProbeSite, like_a_customer, said
from drillyard.assess.reckoning import Reckoning, known_at, reckon_tables
from drillyard.assess.recoveries import NUMBERS_REUSED, SHARES, Disastered, Recovery
from drillyard.assess.subject import Subject
from drillyard.assess.tables import connect
from drillyard.base.clock import wall
from drillyard.measure.outage import Outage, outage
from drillyard.traffic import ledger, outcomes
from drillyard.traffic.ledger import Entry, WriteClass

EARNINGS_S = 300.0
"""What a minute without the shop costs is taken from so many seconds before."""
WAITED_S = 10.0
"""So long customers wait for an answer (`traffic.plan`)."""
TIMEOUT_S = 30.0
FORGOTTEN_S = 30.0
"""What a cache holds of before the disaster is gone after so long, as the shop is shipped."""
_NAMED = 20


async def as_it_was(coming: Disastered, subject: Subject, gone_before: frozenset[str]) -> Disastered:
    """A disaster that is about to strike, with what there is before it; `gone_before` are the keys of orders
    that earlier ones took.

    Raises:
        psycopg.Error: it does not answer.
        UserError: the ledger is damaged.
    """
    entries = await asyncio.to_thread(lambda: list(ledger.read(subject.ledger)))
    async with await connect(subject.site) as connection:
        reckoning = await reckon_tables(connection, entries, wall())
        return replace(
            coming,
            struck=wall(),
            catalog=await objects(connection),
            missing=frozenset(each.key for each in reckoning.lost) - gone_before,
            archive=await archive_state(connection),
        )


async def outage_now(recorded: Path, since: float) -> Outage:
    """The outage since a moment, as far as customers' requests tell.

    That nobody noticed anything is known only when service was seen to hold until now. What was answered
    later than `WAITED_S` after it was planned served nobody, however late it was sent: whoever stops the
    customers for the time of an outage has not shortened it.
    """
    found = await asyncio.to_thread(outcomes.read, recorded, since=since)
    good = found.good & (found.latency_ms <= WAITED_S * 1000)
    return outage(found.planned, good, since=since, until=found.until)


async def recovery_of(
    disaster: Disastered,
    subject: Subject,
    *,
    by: str,
    recorded: Path,
    baseline: Baseline | None,
    before_s: float,
    gone_before: frozenset[str] = frozenset(),
    probes: Sequence[Probe] = (),
    limits: Mapping[str, float] | None = None,
) -> Recovery:
    """Look at everything; `recorded` is the file of customers' requests, `gone_before` has the keys of orders
    that earlier disasters took. Whether customers could buy is looked at over `before_s` seconds.

    What does not answer is noted in `unlooked`; nothing raises for a shop that is still in trouble.

    Raises:
        UserError: the ledger is damaged.
    """
    entries = await asyncio.to_thread(lambda: list(ledger.read(subject.ledger)))
    reckoned = [each for each in entries if each.key not in gone_before | disaster.missing]
    away = await outage_now(recorded, disaster.struck)
    looks = await look(
        disaster,
        subject,
        reckoned,
        baseline=baseline,
        gone_before=gone_before,
        probes=probes,
        limits=limits or {},
    )
    reckoning = looks.reckoning
    tried, bought = bought_before(entries, disaster.struck, before_s)
    return Recovery(
        number=disaster.number,
        kind=disaster.kind,
        title=disaster.title,
        graded=disaster.graded,
        by=by,
        struck=disaster.struck,
        detail=disaster.detail,
        archive=disaster.archive,
        looked=wall(),
        began=away.began,
        ended=away.ended,
        asked=away.asked,
        failed=away.failed,
        fates={str(fate): count for fate, count in reckoning.fates.items()},
        recovery_point_s=reckoning.recovery_point_s,
        lost_cents=reckoning.lost_cents,
        missed_cents=_missed_cents(entries, disaster.struck, away.recovery_s),
        happened=disaster.happened,
        tried_before=tried,
        bought_before=bought,
        readings={**looks.readings, NUMBERS_REUSED: float(_reused(reckoned))},
        gone=looks.gone[:_NAMED],
        lost_keys=tuple(each.key for each in reckoning.lost),
        unlooked=looks.unlooked,
    )


@dataclass
class Looks:
    """What was found in the shop, and what could not be looked at."""

    reckoning: Reckoning
    readings: dict[str, float] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    unlooked: dict[str, str] = field(default_factory=dict)


async def look(
    disaster: Disastered,
    subject: Subject,
    entries: Sequence[Entry],
    *,
    baseline: Baseline | None,
    gone_before: frozenset[str] = frozenset(),
    probes: Sequence[Probe] = (),
    limits: Mapping[str, float] | None = None,
) -> Looks:
    """Hold a shop against what it was before `disaster`, and its orders against the ledger's `entries`.

    Whatever is wrong with it, everything else is looked at; nothing raises.
    """
    found = Looks(Reckoning((), disaster.struck))
    try:
        async with await connect(subject.site) as connection:
            found.reckoning = await reckon_tables(connection, entries, disaster.struck)
    except Exception as error:
        found.unlooked["orders"] = said(error)
    try:
        async with await connect(subject.site) as connection:
            lacking = sorted(disaster.catalog - await objects(connection))
            behind = [f"sequence behind: {each}" for each in await sequences_behind(connection)]
            found.gone = (*lacking, *behind)
    except Exception as error:
        found.unlooked["catalog"] = said(error)
    audits = {
        "jobs": partial(audit, subject.site, baseline, [subject.ledger], forgiven=Forgiven(gone_before)),
        "rows": partial(audit_rows, subject.site, baseline),
    }
    for name, asked in audits.items():
        try:
            found.readings |= {each.name: each.value for each in await asked()}
        except psycopg.errors.DataCorrupted as error:
            found.gone += (f"pages that can be read: {said(error)}",)
        except Exception as error:
            found.unlooked[name] = said(error)
    for probe in probes:
        try:
            found.readings |= await _probed(probe, subject, limits or {})
        except Exception as error:
            found.unlooked |= {prefix: said(error) for prefix in probe.gives}
    return found


async def _probed(probe: Probe, subject: Subject, limits: Mapping[str, float]) -> dict[str, float]:
    """What a probe gives; where a page is not true, it is asked again when caches had time to forget it."""
    found: dict[str, float] = {}
    for pause_s in (0.0, FORGOTTEN_S):
        await asyncio.sleep(pause_s)
        async with asyncio.timeout(probe.seconds), _site(subject, limits) as site:
            for each in await probe.run(site):
                share = each.name.startswith(SHARES)
                found[each.name] = max(each.value, found.get(each.name, 0.0)) if share else each.value
        if all(value >= TRUE_SHARE for name, value in found.items() if name.startswith(SHARES)):
            break
    return found


@asynccontextmanager
async def _site(subject: Subject, limits: Mapping[str, float]) -> AsyncIterator[ProbeSite]:
    """A subject as a probe sees it, with nobody to wait for."""
    async with httpx.AsyncClient(
        base_url=f"http://{subject.target}", timeout=TIMEOUT_S, trust_env=False
    ) as client:
        like_a_customer(client)
        dsn = subject.site.audit_dsn or subject.site.dsn
        yield ProbeSite(subject.name, client, dsn, _at_once, limits, subject.site.url)


async def _at_once() -> None:
    return


def _reused(entries: Sequence[Entry]) -> int:
    """Order numbers that were told to two customers."""
    told: dict[str, set[str]] = {}
    for entry in entries:
        if entry.kind is WriteClass.ACKNOWLEDGED and entry.order_id is not None:
            told.setdefault(str(entry.order_id), set()).add(entry.key)
    return sum(len(keys) > 1 for keys in told.values())


def bought_before(entries: Sequence[Entry], struck: float, before_s: float) -> tuple[int, int]:
    """How many orders customers tried to place in the `before_s` seconds before, and how many they got."""
    tried = [each for each in entries if struck - before_s <= each.planned < struck]
    return len(tried), sum(each.kind is WriteClass.ACKNOWLEDGED for each in tried)


def _missed_cents(entries: Sequence[Entry], struck: float, recovery_s: float | None) -> int:
    before = [
        entry
        for entry in entries
        if entry.kind is WriteClass.ACKNOWLEDGED and struck - EARNINGS_S <= known_at(entry) < struck
    ]
    if not before or not recovery_s:
        return 0
    spent_s = max(1.0, struck - min(known_at(entry) for entry in before))
    return round(sum(entry.amount_cents or 0 for entry in before) / spent_s * recovery_s)
