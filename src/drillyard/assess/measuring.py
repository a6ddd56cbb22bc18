"""One whole measurement: windows, probes, sustained throughput and the audit, kept as it goes.

    wanted = wanted_for(scenario, "quick", variant="7", checks=checks)
    measurement = await measure(wanted, subjects, Keeper(directory), progress=show)

The caller starts the subjects that `wanted.subjects` names, keeps other traffic away from them meanwhile,
and may cancel: what is done is kept, and the same call with the same keeper goes on.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx
import psycopg
import valkey

from drillyard.assess.audit import Baseline, audit, payment_wait
from drillyard.assess.check import Check, Need, needs_of
from drillyard.assess.discovery import load_probes
from drillyard.assess.invariants import limits
from drillyard.assess.kept import Keeper
from drillyard.assess.measurement import Capacity, LoadWindow, Measurement
from drillyard.assess.measurement import Subject as Name
from drillyard.assess.probe import Probe, ProbeSite, probe_of
from drillyard.assess.probes import price_staleness
from drillyard.assess.session import OnProgress, Progress, Session
from drillyard.assess.shape import SHAPES, TURN_S, Load, Shape
from drillyard.assess.subject import Subject
from drillyard.assess.throughput import Objective, recover, sustained
from drillyard.base.clock import wall
from drillyard.base.errors import DrillyardError
from drillyard.measure.reading import Gap, Reading, Window
from drillyard.scenario.scenario import Scenario
from drillyard.traffic.result import TrafficResult

_FAILURES = (DrillyardError, psycopg.Error, valkey.ValkeyError, httpx.HTTPError, OSError, TimeoutError)
"""What a range in trouble raises: a gap in the measurement, not the end of it."""
CAPACITY_SEED = 50_000
STEP_TIMEOUT_S = 3.0
"""A customer who waits longer than this at a rate that is being tried counts as not served."""
PROBE_TIMEOUT_S = 5.0
AUDIT_S = 5.0


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

    `kind` is `quick`, `measure` or `full`.
    """
    chosen = tuple(checks)
    needs = needs_of(chosen) if chosen else frozenset({Need.LEARNER, Need.TWIN})
    names = tuple(str(name) for name in Name if Need(name) in needs or name is Name.LEARNER)
    probe_ids = frozenset[str]().union(*(check.probes for check in chosen))
    traffic = scenario.manifest.traffic
    scale = scenario.manifest.range.data_scale
    shape = SHAPES[kind]
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
        limits=limits(scenario.manifest),
        workspace=workspace,
        label=label,
    )


def all_probes(scenario: Scenario) -> list[Probe]:
    """The probes that come with every scenario, and its own."""
    shipped = [made for made in (probe_of(price_staleness),) if made is not None]
    return [*shipped, *load_probes(scenario.directory)]


async def measure(
    wanted: Wanted,
    subjects: Sequence[Subject],
    keeper: Keeper,
    *,
    baseline: Baseline | None = None,
    ledgers: Iterable[Path] = (),
    progress: OnProgress = lambda _: None,
) -> Measurement:
    """Measure; the measurement is kept by `keeper`, complete or not.

    `ledgers` are those of all traffic that the learner's range ever had.

    Raises:
        UserError: results cannot be written.
        TrafficFailedError: the traffic process broke.
    """
    after_s = _after_windows_s(wanted, len(subjects))
    session = Session(
        subjects,
        wanted.load,
        wanted.shape.fitted(len(subjects), reserve_s=after_s),
        keeper,
        reserve_s=after_s,
        progress=progress,
    )
    making = _Making(wanted, keeper, wall())
    try:
        async with _running(wanted, subjects, session, making):
            making.windows = await session.run()
        if wanted.throughput:
            await _capacities(wanted, subjects, session, making, progress)
        for subject in subjects:
            if subject.name == Name.LEARNER:
                progress(Progress(0, 1, "looking for everything that was promised", AUDIT_S))
                await _looks(wanted, subject, making, baseline, ledgers)
    except BaseException:
        making.windows = keeper.windows()
        making.keep(complete=False)
        raise
    return making.keep(complete=True)


@dataclass
class _Making:
    """A measurement in the making."""

    wanted: Wanted
    keeper: Keeper
    started: float
    windows: tuple[LoadWindow, ...] = ()
    findings: dict[str, dict[str, Reading]] = field(default_factory=dict)
    gaps: dict[str, tuple[Gap, ...]] = field(default_factory=dict)
    capacities: dict[str, Capacity] = field(default_factory=dict)

    async def find(self, subject: str, prefix: str, found: Awaitable[Sequence[Reading]]) -> None:
        """Add findings; when the range is in trouble, a gap for `prefix` instead."""
        try:
            for reading in await found:
                self.findings.setdefault(subject, {})[reading.name] = reading
        except _FAILURES as error:
            reason = f"{str(error).strip() or type(error).__name__}"
            self.gaps[subject] = (*self.gaps.get(subject, ()), Gap(prefix, reason))

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


def _after_windows_s(wanted: Wanted, subjects: int) -> float:
    """What comes after the windows, in seconds."""
    steps = wanted.shape.steps * (wanted.shape.step_s + TURN_S) if wanted.throughput else 0.0
    return subjects * steps + (AUDIT_S if wanted.audit else 1.0)


@asynccontextmanager
async def _running(
    wanted: Wanted, subjects: Sequence[Subject], session: Session, making: _Making
) -> AsyncIterator[None]:
    """Probes beside the block; they are waited for when it ends well, and ended when it does not."""
    tasks = [
        asyncio.create_task(making.find(subject.name, "promise.", _probe(wanted, probe, subject, session)))
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
    async with httpx.AsyncClient(
        base_url=f"http://{subject.target}", timeout=PROBE_TIMEOUT_S, trust_env=False
    ) as client:
        site = ProbeSite(
            subject.name,
            client,
            subject.site.audit_dsn or subject.site.dsn,
            partial(session.turns.until_not, subject.name),
            wanted.limits,
        )
        async with asyncio.timeout(probe.seconds + 2 * PROBE_TIMEOUT_S):
            return await probe.run(site)


async def _capacities(
    wanted: Wanted, subjects: Sequence[Subject], session: Session, making: _Making, progress: OnProgress
) -> None:
    """The sustained throughput of every subject, one after the other."""
    objective = Objective(wanted.load.objectives_ms) if wanted.load.objectives_ms else Objective()
    for number, subject in enumerate(subjects):
        left = (len(subjects) - number) * wanted.shape.steps * wanted.shape.step_s
        progress(Progress(number, len(subjects), f"sustained throughput of {subject.name}", left))
        making.capacities[subject.name] = await sustained(
            partial(_step, session, subject, wanted),
            objective,
            start=wanted.load.rate,
            most_steps=wanted.shape.steps,
            settle=recover,
        )


async def _step(session: Session, subject: Subject, wanted: Wanted, rate: float) -> TrafficResult:
    return await session.send(
        subject,
        rate=rate,
        seconds=wanted.shape.step_s,
        seed=wanted.load.seed + CAPACITY_SEED + int(rate),
        timeout_s=STEP_TIMEOUT_S,
    )


async def _looks(
    wanted: Wanted, subject: Subject, making: _Making, baseline: Baseline | None, ledgers: Iterable[Path]
) -> None:
    """What is looked up in the learner's range after the last window."""
    measured = Window(making.started, wall())
    await making.find(subject.name, "promise.payment", payment_wait(subject.site, measured))
    if wanted.audit:
        files = dict.fromkeys((*ledgers, subject.ledger))
        await making.find(subject.name, "", audit(subject.site, baseline, files))
