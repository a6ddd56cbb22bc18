"""What a disaster cost, and whether the shop is whole again: measured once the learner says it is.

The outage comes from a record of every customer's request (`measure/outage.py`), the lost orders from the
ledger (`reckoning`), and everything else from the shop as it is: its seeded rows, its catalog, its jobs, an
order that is placed and followed, pages beside the tables.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx
from pydantic import TypeAdapter

from drillyard.assess.answers_seen import TRUE_SHARE
from drillyard.assess.audit import Baseline, audit, audit_rows, connect
from drillyard.assess.catalog import objects, sequences_behind
from drillyard.assess.probe import Probe, ProbeSite, like_a_customer, said
from drillyard.assess.reckoning import Fate, Reckoning, known_at, reckon_tables
from drillyard.assess.subject import Subject
from drillyard.base.clock import wall
from drillyard.measure.outage import Outage, outage
from drillyard.traffic import ledger, outcomes
from drillyard.traffic.ledger import Entry, WriteClass

EARNINGS_S = 300.0
"""What a minute without the shop costs is taken from so many seconds before."""
TIMEOUT_S = 30.0
FORGOTTEN_S = 30.0
"""What a cache holds of before the disaster is gone after so long, as the shop is shipped."""
_NAMED = 20
_SHARES = "content.true."


@dataclass(frozen=True)
class Disastered:
    """A disaster that happened: what the drill kept when it struck. Times are seconds since the epoch."""

    number: int
    kind: str
    title: str
    graded: bool
    struck: float
    detail: str = ""
    catalog: frozenset[str] = frozenset()
    """What the database consisted of before."""


@dataclass(frozen=True)
class Recovery:
    """What came of one disaster. `by` is `hand` or `runbook`."""

    number: int
    kind: str
    title: str
    graded: bool
    by: str
    struck: float
    detail: str
    looked: float
    began: float | None
    ended: float | None
    asked: int
    failed: int
    fates: Mapping[str, int]
    recovery_point_s: float
    lost_cents: int
    missed_cents: int
    """What would have been sold while the shop was away, at the rate of before."""
    readings: Mapping[str, float] = field(default_factory=dict)
    """What audit and probes found, by the names of `docs/readings.md`."""
    gone: tuple[str, ...] = ()
    """Objects of the database that were there before; sequences that are behind."""
    lost_keys: tuple[str, ...] = ()
    """Of the orders that are lost: whoever reckons the next disaster leaves them out."""
    unlooked: Mapping[str, str] = field(default_factory=dict)
    """What could not be looked at, and why, by the beginning of its readings' names."""

    @property
    def recovery_s(self) -> float | None:
        """The recovery time; 0 when no customer noticed, None when service does not hold."""
        return Outage(self.began, self.ended, self.asked, self.failed).recovery_s

    @property
    def lost(self) -> int:
        """Acknowledged orders that are gone."""
        return self.fates.get(Fate.LOST, 0)


_RECOVERY: TypeAdapter[Recovery] = TypeAdapter(Recovery)


def to_json(recovery: Recovery) -> str:
    """For the drill's own store."""
    return _RECOVERY.dump_json(recovery, indent=1).decode()


def from_json(text: str) -> Recovery:
    """What `to_json` wrote.

    Raises:
        ValueError: it is something else.
    """
    return _RECOVERY.validate_json(text)


async def catalog_of(subject: Subject) -> frozenset[str]:
    """What a subject's database consists of now.

    Raises:
        psycopg.Error: it does not answer.
    """
    async with await connect(subject.site) as connection:
        return await objects(connection)


async def outage_now(recorded: Path, since: float) -> Outage:
    """The outage since a moment, as far as customers' requests tell.

    That nobody noticed anything is known only when service was seen to hold until now.
    """
    found = await asyncio.to_thread(outcomes.read, recorded, since=since)
    return outage(found.planned, found.good, since=since, until=found.until)


async def recovery_of(
    disaster: Disastered,
    subject: Subject,
    *,
    by: str,
    recorded: Path,
    baseline: Baseline | None,
    gone_before: frozenset[str] = frozenset(),
    probes: Sequence[Probe] = (),
    limits: Mapping[str, float] | None = None,
) -> Recovery:
    """Look at everything; `recorded` is the file of customers' requests, `gone_before` has the keys of orders
    that earlier disasters took.

    What does not answer is noted in `unlooked`; nothing raises for a shop that is still in trouble.

    Raises:
        UserError: the ledger is damaged.
    """
    entries = await asyncio.to_thread(lambda: list(ledger.read(subject.ledger)))
    reckoned = [each for each in entries if each.key not in gone_before]
    away = await outage_now(recorded, disaster.struck)
    looks = await _looks(disaster, subject, reckoned, baseline=baseline, probes=probes, limits=limits or {})
    reckoning = looks.reckoning
    return Recovery(
        number=disaster.number,
        kind=disaster.kind,
        title=disaster.title,
        graded=disaster.graded,
        by=by,
        struck=disaster.struck,
        detail=disaster.detail,
        looked=wall(),
        began=away.began,
        ended=away.ended,
        asked=away.asked,
        failed=away.failed,
        fates={str(fate): count for fate, count in reckoning.fates.items()},
        recovery_point_s=reckoning.recovery_point_s,
        lost_cents=reckoning.lost_cents,
        missed_cents=_missed_cents(entries, disaster.struck, away.recovery_s),
        readings={**looks.readings, "recovery.numbers_reused": float(_reused(reckoned))},
        gone=looks.gone[:_NAMED],
        lost_keys=tuple(each.key for each in reckoning.lost),
        unlooked=looks.unlooked,
    )


@dataclass
class _Looks:
    """What was found in the shop, and what could not be looked at."""

    reckoning: Reckoning
    readings: dict[str, float] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    unlooked: dict[str, str] = field(default_factory=dict)


async def _looks(
    disaster: Disastered,
    subject: Subject,
    entries: Sequence[Entry],
    *,
    baseline: Baseline | None,
    probes: Sequence[Probe],
    limits: Mapping[str, float],
) -> _Looks:
    """Whatever is wrong with a shop after a disaster, everything else is looked at."""
    found = _Looks(Reckoning((), disaster.struck))
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
        "jobs": partial(audit, subject.site, baseline, [subject.ledger]),
        "rows": partial(audit_rows, subject.site, baseline),
    }
    for name, look in audits.items():
        try:
            found.readings |= {each.name: each.value for each in await look()}
        except Exception as error:
            found.unlooked[name] = said(error)
    for probe in probes:
        try:
            found.readings |= await _probed(probe, subject, limits)
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
                share = each.name.startswith(_SHARES)
                found[each.name] = max(each.value, found.get(each.name, 0.0)) if share else each.value
        if all(value >= TRUE_SHARE for name, value in found.items() if name.startswith(_SHARES)):
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
