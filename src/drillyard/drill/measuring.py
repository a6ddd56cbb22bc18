"""One measurement of a drill: the subjects are there, the customers stay away meanwhile, and it is kept."""

import asyncio
import shutil
import zlib
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from drillyard.assess import kept
from drillyard.assess.audit import Forgiven
from drillyard.assess.baseline import Baseline
from drillyard.assess.check import Check
from drillyard.assess.discovery import load_checks
from drillyard.assess.documents import read_documents, with_workspace
from drillyard.assess.experiments.findings import FILE, said_to_be_mended
from drillyard.assess.invariants import invariants, limits
from drillyard.assess.kept import Keeper
from drillyard.assess.measurement import Measurement
from drillyard.assess.measuring import Wanted, measure, wanted_for
from drillyard.assess.rehearsal import Rehearsed
from drillyard.assess.session import Progress
from drillyard.assess.shape import START_S
from drillyard.assess.trials import Tried
from drillyard.base.clock import monotonic, wall
from drillyard.base.errors import UserError
from drillyard.drill.content import scenario_of
from drillyard.drill.customers import customers_of, products_of
from drillyard.drill.disasters import Disasters
from drillyard.drill.engine import Engine
from drillyard.drill.experiments_seen import experiments_of, struck
from drillyard.drill.operations import Reporter
from drillyard.drill.rehearsal import rehearse
from drillyard.drill.store import MeasurementRow
from drillyard.drill.subjects import ledger_of
from drillyard.drill.trials import Trials
from drillyard.scenario.scenario import Scenario

SEEDS = 1_000_000
"""How far the seeds of two measurements are apart: windows, warming up and steps count up from them."""


def seed_of(drill: str, measurement: str) -> int:
    """Other requests for each measurement, or caches would know them from the last; the same ones for one
    that goes on.
    """
    return zlib.crc32(f"{drill}/{measurement}".encode()) * SEEDS


@asynccontextmanager
async def customers_back(engine: Engine) -> AsyncIterator[None]:
    """Whoever sends the background traffic away in the block: it is back afterwards, at its rate."""
    customers = engine.customers
    rate = customers.rate if customers else 0.0
    try:
        yield
    finally:
        if customers and rate and engine.range:
            traffic = scenario_of(engine.record.scenario).manifest.traffic
            at, scale = engine.range.addresses.endpoint("http"), engine.range.settings.scale
            await customers.come(str(at), rate, traffic.mix, scale=scale)


class Measuring:
    """Measures one drill. `report` is told how it goes."""

    def __init__(self, engine: Engine, report: Reporter) -> None:
        self._engine = engine
        self._report = report
        self.scenario: Scenario = scenario_of(engine.record.scenario)
        self.checks: list[Check] = [
            *load_checks(self.scenario.directory),
            *invariants(self.scenario.manifest),
        ]

    async def take(
        self, kind: str, name: str, *, checks: Iterable[Check] = (), label: str = "", resumable: bool = False
    ) -> Measurement:
        """Measure what `checks` need (or learner and twin), and keep it as `name`.

        An interrupted one is removed, unless it is `resumable`: then the same call goes on with it. The time
        of its kind includes the usual time to start what does not run yet; a slow start makes it longer
        instead of leaving too few windows to judge by.

        Raises:
            UserError: a subject could not be started, or results cannot be written.
        """
        engine = self._engine
        if engine.subjects is None:
            engine.running  # noqa: B018 - says what is wrong when nothing runs
            raise AssertionError("a running range has subjects")
        engine.require_calm()
        directory = engine.places.measurement(name)
        chosen = tuple(checks)
        wanted = self._wanted(kind, name, chosen, label)
        try:
            async with customers_back(engine):
                rehearsed = await self._rehearsed() if wanted.rehearsal else None
                if engine.customers:
                    await engine.customers.leave()
                tried = await self._tried(wanted, chosen)
                begun = monotonic()
                subjects = await engine.subjects.get(wanted.subjects, self._report)
                usual_s = min(monotonic() - begun, START_S * (len(subjects) - 1))
                deadline = monotonic() + wanted.shape.limit_s - usual_s
                measurement = await measure(
                    wanted,
                    subjects,
                    Keeper(directory),
                    baseline=Baseline.load(engine.places.private / "baseline.json"),
                    ledgers=[ledger_of(engine.places.private, "learner")],
                    forgiven=await asyncio.to_thread(self._forgiven),
                    rehearsed=rehearsed,
                    tried=tried,
                    deadline=deadline,
                    progress=self._tell,
                )
        except BaseException:
            if not resumable:
                await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)
            raise
        finally:
            engine.subjects.done()
        engine.store.keep_measurement(
            MeasurementRow(name, wall(), kind, f"measurements/{name}", label), replace_old=resumable
        )
        return await asyncio.to_thread(self.with_documents, measurement)

    def unmeasured(self) -> Measurement:
        """A measurement without a single window, for checks that only read what was written."""
        variant, now = self._engine.record.variant, wall()
        return Measurement(
            id="",
            scenario=self.scenario.slug,
            variant=variant,
            kind="unmeasured",
            started=now,
            ended=now,
            windows=(),
            limits=limits(self.scenario.manifest, self.scenario.figures(variant)),
        )

    def with_documents(self, measurement: Measurement) -> Measurement:
        """The measurement with what a judge looks at beside it: the learner's documents, the drill's earlier
        measurements, what came of its disasters, its experiments, and what was planted.
        """
        complete = with_workspace(
            measurement,
            self.scenario.manifest,
            Path(self._engine.record.workspace),
            [each for each in self._earlier() if each.id != measurement.id],
        )
        return replace(
            complete,
            recoveries=tuple(Disasters(self._engine.places).all()),
            experiments=experiments_of(self._engine),
            planted=tuple(each.id for each in self.scenario.variant(self._engine.record.variant).flaws),
        )

    def _forgiven(self) -> Forgiven:
        """What nobody looks for: disasters took it, or it met a fault."""
        met = struck(self._engine)
        return replace(met, keys=met.keys | Disasters(self._engine.places).lost_keys())

    async def _rehearsed(self) -> Rehearsed:
        """What came of a rehearsal, or why there was none."""
        try:
            return await rehearse(self._engine, self._report)
        except UserError as error:
            return Rehearsed(wall(), wall(), not_held=str(error))

    async def _tried(self, wanted: Wanted, checks: Sequence[Check]) -> Tried | None:
        """What came of the trials that these checks need: of weaknesses that are there and said to be mended.

        A measurement of authors' (of a variant that plants `only:` these flaws) tries all of them out.
        """
        engine, variant = self._engine, self._engine.record.variant
        if not wanted.trials and (checks or not variant.startswith("only:")):
            return None
        planted = self.scenario.variant(variant).flaws
        documents = read_documents(Path(engine.record.workspace), self.scenario.manifest.documents)
        mended = said_to_be_mended(documents.get(FILE))
        flaws = [each for each in planted if not wanted.trials or each.id in mended]
        if engine.subjects is None:
            raise AssertionError("a running range has subjects")
        return await Trials(engine.places, engine.subjects, wanted.load, self._report).hold(flaws)

    def _earlier(self) -> Iterator[Measurement]:
        """What was measured since the last reset; one that cannot be read any more is told and left out."""
        for row in self._engine.store.measurements_of_this_start():
            try:
                yield kept.load(self._engine.places.private / row.file)
            except UserError as error:
                self._report(f"{row.id} is left out: {error.what}")

    def next_name(self) -> str:
        """A name for one more measurement."""
        return f"m{1 + sum(row.id.startswith('m') for row in self._engine.store.measurements())}"

    def _wanted(self, kind: str, name: str, checks: Iterable[Check], label: str) -> Wanted:
        range_ = self._engine.running
        wanted = wanted_for(
            self.scenario,
            kind,
            variant=self._engine.record.variant,
            checks=checks,
            workspace=f"release {range_.releases.current.number}",
            label=label,
        )
        scale = range_.settings.scale
        load = replace(
            wanted.load,
            products=products_of(scale),
            customers=customers_of(scale),
            seed=seed_of(self._engine.places.name, name),
        )
        return replace(wanted, load=load)

    def _tell(self, progress: Progress) -> None:
        left = f", about {progress.seconds_left:.0f} s left" if progress.seconds_left >= 1 else ""
        self._report(f"{progress.text}{left}", progress.done / progress.total if progress.total else None)
