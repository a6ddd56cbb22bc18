"""One whole measurement: windows, probes, sustained throughput and the audit, kept as it goes.

    wanted = wanted_for(scenario, "quick", variant="7", checks=checks)
    measurement = await measure(wanted, subjects, Keeper(directory), progress=show)

It ends by its deadline: what was not measured until then is a gap, and what is judged by it inconclusive.
The caller starts the subjects that `wanted.subjects` names, keeps other traffic away from them meanwhile,
and may cancel: what is done is kept, and the same call with the same keeper goes on.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx
import psycopg
import valkey

from drillyard.assess.answers_seen import PREFIX, SECONDS, answers_seen
from drillyard.assess.audit import AUDITED, NOTHING, ROWS, Forgiven, audit, audit_rows
from drillyard.assess.baseline import Baseline
from drillyard.assess.check import Check, Need, held_for, needs_of
from drillyard.assess.discovery import load_probes
from drillyard.assess.invariants import limits
from drillyard.assess.kept import Keeper
from drillyard.assess.measurement import THROUGHPUT, Capacity, LoadWindow, Measurement
from drillyard.assess.measurement import Subject as Name
from drillyard.assess.payments import payment_wait
from drillyard.assess.probe import Probe, ProbeSite, like_a_customer, said
from drillyard.assess.probes import shipped_probes
from drillyard.assess.rehearsal import Rehearsed
from drillyard.assess.searching import capacities
from drillyard.assess.session import OnProgress, Progress, Session
from drillyard.assess.shape import SHAPES, TURN_S, Load, Shape
from drillyard.assess.subject import Subject
from drillyard.assess.trials import Tried
from drillyard.base.clock import monotonic, wall
from drillyard.base.errors import DrillyardError
from drillyard.measure.reading import Gap, Reading
from drillyard.scenario.scenario import Scenario
from drillyard.traffic.seen import Seen

log = logging.getLogger(__name__)

_FAILURES = (DrillyardError, psycopg.Error, valkey.ValkeyError, httpx.HTTPError, OSError, TimeoutError)
"""What a range in trouble raises: a gap in the measurement, not the end of it."""
PROBE_TIMEOUT_S = 5.0
PROBE_GRACE_S = 10.0
LEAST_LOOK_S = 1.0
"""So much a look-up at the end gets also when the time is over."""
AUDIT_S = 5.0


class BrokenProbeError(DrillyardError):
    """A probe of a scenario's raised what no range in trouble raises: its author's bug, never a verdict."""


@dataclass(frozen=True)
class Wanted:
    """What to measure. `subjects` are the names of those that have to run."""

    scenario: str
    variant: str
    shape: Shape
    load: Load
    subjects: tuple[str, ...] = (Name.LEARNER, Name.TWIN)
    probes: tuple[Probe, ...] = ()
    throughput: bool = False
    audit: bool = False
    answers: bool = False
    rehearsal: bool = False
    trials: bool = False
    limits: Mapping[str, float] = field(default_factory=dict)
    workspace: str = ""
    label: str = ""

    @property
    def seconds(self) -> float:
        """About how long it takes."""
        return self.shape.throughput_only_with(self.throughput).seconds(len(self.subjects))


def wanted_for(
    scenario: Scenario,
    kind: str,
    *,
    variant: str,
    checks: Iterable[Check] = (),
    workspace: str = "",
    label: str = "",
) -> Wanted:
    """What `checks` need (for `measure`, without checks: learner and twin), with the scenario's load.

    `kind` is one of `SHAPES`.
    """
    chosen = tuple(checks)
    needs = needs_of(chosen) if chosen else frozenset({Need.LEARNER, Need.TWIN})
    names = tuple(str(name) for name in Name if Need(name) in needs or name is Name.LEARNER)
    probe_ids = frozenset[str]().union(*(check.probes for check in chosen))
    traffic = scenario.manifest.traffic
    scale = scenario.manifest.range.data_scale
    shape = SHAPES[kind].covering(held_for(chosen), len(names))
    return Wanted(
        scenario=scenario.slug,
        variant=variant,
        shape=shape,
        load=Load(
            rate=traffic.measure_rate,
            mix=traffic.mix,
            objectives_ms=traffic.objectives_ms,
            products=max(1, int(50_000 * scale)),
            customers=max(1, int(20_000 * scale)),
        ),
        subjects=names,
        probes=tuple(probe for probe in all_probes(scenario) if probe.id in probe_ids),
        throughput=Need.THROUGHPUT in needs and shape.steps > 0,
        audit=Need.LEDGER in needs,
        answers=Need.ANSWERS in needs,
        rehearsal=Need.REHEARSAL in needs,
        trials=Need.TRIALS in needs,
        limits=limits(scenario.manifest, scenario.figures(variant)),
        workspace=workspace,
        label=label,
    )


def all_probes(scenario: Scenario) -> list[Probe]:
    """The probes that come with every scenario, and its own."""
    return [*shipped_probes(), *load_probes(scenario.directory)]


async def measure(
    wanted: Wanted,
    subjects: Sequence[Subject],
    keeper: Keeper,
    *,
    baseline: Baseline | None = None,
    ledgers: Iterable[Path] = (),
    forgiven: Forgiven = NOTHING,
    rehearsed: Rehearsed | None = None,
    tried: Tried | None = None,
    deadline: float | None = None,
    progress: OnProgress = lambda _: None,
) -> Measurement:
    """Measure; the measurement is kept by `keeper`, complete or not.

    `ledgers` are those of all traffic that the learner's range ever had; of them what is `forgiven` is not
    looked for, nor are jobs of the time of trials. `rehearsed` and `tried` were found before, and are kept
    with it.
    `deadline` is the instant of the monotonic clock at which it must be over (None: the shape's limit from
    now).

    Raises:
        UserError: results cannot be written.
        TrafficFailedError: the traffic process broke.
    """
    limit_s = wanted.shape.limit_s
    end = monotonic() + limit_s if deadline is None else deadline
    after_s = _after_windows_s(wanted, len(subjects))
    session = Session(
        subjects,
        wanted.load,
        wanted.shape.fitted(len(subjects), reserve_s=after_s, spent_s=limit_s - (end - monotonic())),
        keeper,
        deadline=end,
        reserve_s=after_s,
        progress=progress,
    )
    making = _Making(wanted, keeper, wall(), end)
    if rehearsed is not None:
        making.add(Name.LEARNER, *rehearsed.readings())
    if tried is not None:
        for subject in subjects:
            making.add(subject.name, tried.readings.get(subject.name, ()), tried.gaps.get(subject.name, ()))
    try:
        async with _running(wanted, subjects, session, making):
            making.windows = await session.run()
        if session.cut:
            making.note_cut(subjects)
        if wanted.throughput and not session.cut:
            making.capacities = await _capacities(wanted, subjects, session, making, progress)
        for subject in subjects:
            if subject.name == Name.LEARNER:
                progress(Progress(0, 1, "looking for everything that was promised", AUDIT_S))
                await _looks(
                    wanted,
                    subject,
                    session,
                    making,
                    baseline=baseline,
                    ledgers=ledgers,
                    forgiven=forgiven if tried is None else forgiven.also(tried.spans),
                )
    except BaseException:
        making.windows = keeper.windows()
        making.keep(complete=False)
        raise
    return making.keep(complete=not session.cut)


@dataclass
class _Making:
    """A measurement in the making."""

    wanted: Wanted
    keeper: Keeper
    started: float
    end: float
    """The instant of the monotonic clock at which all must be over."""
    windows: tuple[LoadWindow, ...] = ()
    findings: dict[str, dict[str, Reading]] = field(default_factory=dict)
    gaps: dict[str, tuple[Gap, ...]] = field(default_factory=dict)
    capacities: dict[str, Capacity] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    """Answers that the learner's customers got beside the windows."""

    async def find(
        self, subject: str, prefixes: Iterable[str], found: Awaitable[Sequence[Reading]], *, within_s: float
    ) -> None:
        """Add findings; when the range is in trouble or does not answer in time, a gap for each prefix."""
        try:
            async with asyncio.timeout(within_s) as limit:
                for reading in await found:
                    self.findings.setdefault(subject, {})[reading.name] = reading
        except _FAILURES as error:
            late = f"it was not done within {within_s:.0f} s"
            for prefix in prefixes:
                self.note(subject, Gap(prefix, late if limit.expired() else said(error)))

    def add(self, subject: str, readings: Iterable[Reading], gaps: Iterable[Gap]) -> None:
        """Add what was found before, and what could not be."""
        self.findings.setdefault(subject, {}).update({each.name: each for each in readings})
        for gap in gaps:
            self.note(subject, gap)

    def note(self, subject: str, gap: Gap) -> None:
        """Note what could not be measured of a subject."""
        self.gaps[subject] = (*self.gaps.get(subject, ()), gap)

    def note_cut(self, subjects: Sequence[Subject]) -> None:
        """Note that the deadline came before the last round."""
        rounds = len({window.round for window in self.windows})
        reason = (
            f"the time for it was over after {rounds} rounds of windows (starting what did not run counts):"
            " this machine is too busy, or a shop hardly answers"
        )
        for subject in subjects:
            self.note(subject.name, Gap("", reason))

    def keep(self, *, complete: bool) -> Measurement:
        """The measurement as it stands, kept on disk."""
        wanted = self.wanted
        starts = [window.window.start for window in self.windows]
        made = Measurement(
            id=self.keeper.directory.name,
            scenario=wanted.scenario,
            variant=wanted.variant,
            kind=wanted.shape.kind,
            started=min([self.started, *starts]),
            ended=wall(),
            windows=self.windows,
            findings=self.findings,
            finding_gaps=self.gaps,
            capacities=self.capacities,
            limits=wanted.limits,
            workspace=wanted.workspace,
            label=wanted.label,
            complete=complete,
        )
        self.keeper.keep_head(made)
        return made


def _looks_s(wanted: Wanted) -> float:
    """What is left for looking things up at the end, in seconds."""
    return AUDIT_S if wanted.audit or wanted.answers else 1.0


def _after_windows_s(wanted: Wanted, subjects: int) -> float:
    """What comes after the windows, in seconds."""
    return (_search_s(wanted, subjects) if wanted.throughput else 0.0) + _looks_s(wanted)


def _search_s(wanted: Wanted, subjects: int) -> float:
    """How long the search for sustained throughput takes at most, in seconds."""
    return subjects * wanted.shape.steps * (wanted.shape.step_s + TURN_S)


@asynccontextmanager
async def _running(
    wanted: Wanted, subjects: Sequence[Subject], session: Session, making: _Making
) -> AsyncIterator[None]:
    """Probes beside the block; they are waited for when it ends well, and ended when it does not."""
    left_s = making.end - monotonic() - _looks_s(wanted)
    tasks = [
        asyncio.create_task(
            making.find(
                subject.name,
                probe.gives,
                _probe(wanted, probe, subject, session),
                within_s=min(left_s, probe.seconds + PROBE_GRACE_S),
            )
        )
        for probe in wanted.probes
        for subject in subjects
        if subject.name in probe.subjects
    ]
    try:
        yield
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _probe(wanted: Wanted, probe: Probe, subject: Subject, session: Session) -> Sequence[Reading]:
    async with _site(wanted, subject, session) as site:
        try:
            return await probe.run(site)
        except _FAILURES:
            raise
        except Exception as error:
            log.exception("probe %s", probe.id)
            raise BrokenProbeError(f"the probe {probe.id} is broken: {error!r}") from error


@asynccontextmanager
async def _site(wanted: Wanted, subject: Subject, session: Session) -> AsyncIterator[ProbeSite]:
    """A subject as a probe sees it."""
    async with httpx.AsyncClient(
        base_url=f"http://{subject.target}", timeout=PROBE_TIMEOUT_S, trust_env=False
    ) as client:
        like_a_customer(client)
        yield ProbeSite(
            subject.name,
            client,
            subject.site.audit_dsn or subject.site.dsn,
            partial(session.turns.until_not, subject.name),
            wanted.limits,
            subject.site.url,
        )


async def _capacities(
    wanted: Wanted, subjects: Sequence[Subject], session: Session, making: _Making, progress: OnProgress
) -> dict[str, Capacity]:
    """The sustained throughput of every subject, or a gap for each."""
    left_s = making.end - monotonic() - _looks_s(wanted)
    found, seen = await capacities(
        subjects, session, wanted.shape, wanted.load, left_s=left_s, progress=progress
    )
    making.seen += seen.get(Name.LEARNER, [])
    if not found:
        for subject in subjects:
            making.note(subject.name, Gap(THROUGHPUT, "the time for it was over before it was found"))
    return found


async def _looks(
    wanted: Wanted,
    subject: Subject,
    session: Session,
    making: _Making,
    *,
    baseline: Baseline | None,
    ledgers: Iterable[Path],
    forgiven: Forgiven,
) -> None:
    """What is looked up in the learner's range after the last window."""
    measured = [window.window for window in making.windows if window.subject == subject.name]
    whole_ledger = dict.fromkeys((*ledgers, subject.ledger))
    if measured:
        waited = payment_wait(subject.site, measured, whole_ledger)
        await making.find(subject.name, ["promise.payment"], waited, within_s=_left_s(making))
    if wanted.answers:
        windows = (window for window in making.windows if window.subject == subject.name)
        kept = [*making.seen, *(seen for window in windows for seen in window.traffic.seen)]
        share_s = max(LEAST_LOOK_S, min(SECONDS, _left_s(making) / 3))
        async with _site(wanted, subject, session) as site:
            judged = answers_seen(site, kept, share_s)
            await making.find(subject.name, [PREFIX], judged, within_s=share_s + LEAST_LOOK_S)
    if wanted.audit:
        found = audit(subject.site, baseline, whole_ledger, forgiven=forgiven)
        await making.find(subject.name, AUDITED, found, within_s=_left_s(making))
        rows = audit_rows(subject.site, baseline)
        await making.find(subject.name, ROWS, rows, within_s=_left_s(making))


def _left_s(making: _Making) -> float:
    return max(LEAST_LOOK_S, making.end - monotonic())
