"""Trials: a flaw's faults, put into the learner's range and into the twin under the same load.

They are the judge's own faults: the timeline does not tell of them, and their orders are entered in ledgers
of their own. A record of each that is on is kept as of every other fault, so that a crash leaves none behind.
"""

import asyncio
import random
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace

import httpx
import psycopg
import valkey

from drillyard.assess.audit import audit
from drillyard.assess.customers import readings_of
from drillyard.assess.measurement import Subject as Name
from drillyard.assess.session import traffic_plan
from drillyard.assess.shape import Load
from drillyard.assess.subject import Subject
from drillyard.assess.trials import Tried
from drillyard.base.clock import monotonic, until, wall
from drillyard.base.errors import DeadlineError, DrillyardError, UserError
from drillyard.base.tasks import to_its_end
from drillyard.drill.operations import Reporter
from drillyard.drill.places import Places
from drillyard.drill.subjects import Subjects
from drillyard.faults.injector import Injector
from drillyard.faults.scene import Scene
from drillyard.measure.reading import Reading, Window
from drillyard.measure.watch import Watch
from drillyard.range.member import State
from drillyard.range.range import Range
from drillyard.scenario.flaw import Flaw, Trial
from drillyard.traffic.runner import TrafficProcess

MOST = 4
"""So many trials are held in one measurement: each takes up to a minute on both ranges."""
BEFORE_S = 1.5
"""Customers are there before a fault is."""
PATIENCE_S = 4.0
"""How long a customer waits for an answer in a trial."""
WELL_WITHIN_S = 20.0
SEEDS_AWAY = 500_000
"""Added to the seed, so that no window repeats a trial's requests."""
SETTLED_WITHIN_S = 20.0
"""What follows from an order may come so much later."""
_FAILURES = (DrillyardError, psycopg.Error, valkey.ValkeyError, httpx.HTTPError, OSError, TimeoutError)


def injector_of(places: Places, name: str, range_: Range) -> Injector:
    """What puts the faults of trials into a subject's range."""
    return Injector(Scene(range_), places.private / "trials" / name)


@dataclass(frozen=True)
class Trials:
    """The trials of one measurement."""

    places: Places
    subjects: Subjects
    load: Load
    report: Reporter

    async def hold(self, flaws: Sequence[Flaw]) -> Tried:
        """Hold the trials of these flaws, at most `MOST` of them, on the learner's range and on the twin.

        Raises:
            UserError: a range could not be started.
        """
        tried = Tried()
        chosen = [(flaw, flaw.trial) for flaw in flaws if flaw.trial][:MOST]
        if not chosen:
            return tried
        subjects = await self.subjects.get((Name.LEARNER, Name.TWIN), self.report)
        for number, (flaw, drawn) in enumerate(chosen):
            trial = drawn(random.Random(f"{self.load.seed}:{flaw.id}"))
            for subject in subjects:
                self.report(f"trying out what is said to be mended ({subject.name})", None)
                began = wall()
                try:
                    found = await self._one(subject, trial, number)
                except _FAILURES as error:
                    tried.missed(subject.name, flaw.id, str(error).strip() or type(error).__name__)
                else:
                    tried.saw(subject.name, flaw.id, found, flaw.moves)
                finally:
                    if subject.name == Name.LEARNER:
                        tried.spans.append((began, wall()))
        return tried

    async def _one(self, subject: Subject, trial: Trial, number: int) -> Mapping[str, Reading]:
        """Everything that one trial gave on one subject."""
        range_ = self.subjects.range_of(subject.name)
        injector = injector_of(self.places, subject.name, range_)
        await injector.restore()
        await _well(subject, range_)
        ledger = self.places.private / "ledger" / f"trial-{subject.name}.jsonl"
        await asyncio.to_thread(ledger.unlink, missing_ok=True)
        own = replace(subject, ledger=ledger)
        there = frozenset(range_.supervisor.members)
        async with AsyncExitStack() as stack:
            watch = Watch(subject.site)
            stack.push_async_callback(watch.close)
            stack.push_async_callback(_close, injector)
            await watch.begin()
            found = await self._under_load(own, _Strikes(injector, trial, there), number, watch)
        await _well(subject, range_)
        return found | await _incomplete(own)

    async def _under_load(
        self, subject: Subject, strikes: "_Strikes", number: int, watch: Watch
    ) -> dict[str, Reading]:
        trial = strikes.trial
        plan = traffic_plan(
            subject,
            replace(self.load, mix=trial.mix or self.load.mix),
            rate=trial.rate or self.load.rate,
            seconds=BEFORE_S + trial.seconds + trial.after_s,
            seed=self.load.seed + SEEDS_AWAY + number,
            trust=False,
            timeout_s=PATIENCE_S,
        )
        process = await TrafficProcess.start(plan)
        try:
            await strikes.come()
            result = await process.result()
        except BaseException:
            await process.abandon()
            raise
        sheets = await watch.end(Window(result.started, result.ended), sum(result.outcomes.values()))
        return {**sheets.readings, **readings_of(result)}


async def _close(injector: Injector) -> None:
    """End what is on, also when the measurement is cancelled a second time meanwhile."""
    await to_its_end(injector.close())


@dataclass(frozen=True)
class _Strikes:
    """The faults of one trial; `there` are the components of the range."""

    injector: Injector
    trial: Trial
    there: frozenset[str]

    async def come(self) -> None:
        """All faults one after the other, their time, and their end, the last first. What the range does not
        have cannot be struck, and its trial goes on without.

        Raises:
            UserError: one was taken away before its time, so that the trial says nothing.
        """
        await asyncio.sleep(BEFORE_S)
        begun, put_in = monotonic(), []
        for strike in sorted(self.trial.strikes, key=lambda each: each.after_s):
            component = strike.parameters.get("component")
            if component is not None and component not in self.there:
                continue
            await asyncio.sleep(max(0.0, begun + strike.after_s - monotonic()))
            lasts_s = self.trial.seconds + WELL_WITHIN_S
            put_in.append(await self.injector.inject(strike.fault, dict(strike.parameters), lasts_s))
        await asyncio.sleep(max(0.0, begun + self.trial.seconds - monotonic()))
        on = {each.number for each in self.injector.on}
        gone = [each.kind for each in put_in if each.number not in on]
        if gone:
            raise UserError(f"{', '.join(gone)} of the trial was taken away before its time")
        for injection in reversed(self.injector.on):
            await self.injector.end(injection.number)


async def _well(subject: Subject, range_: Range) -> None:
    """Wait until everything runs and the shop serves, after what was done to it; bounded, then as it is."""
    async with httpx.AsyncClient(timeout=2, trust_env=False) as client:

        async def ready() -> bool:
            members = range_.supervisor.members.values()
            if any(each.component.essential and each.state is not State.READY for each in members):
                return False
            try:
                return (await client.get(f"http://{subject.target}/")).status_code == httpx.codes.OK
            except httpx.HTTPError:
                return False

        with suppress(DeadlineError):
            await until(ready, deadline_s=WELL_WITHIN_S, what="the shop serves", every_s=0.2)


async def _incomplete(subject: Subject) -> dict[str, Reading]:
    """Of the trial's orders, those of which something is missing that nothing will bring any more; looked at
    until there is none, or nothing changes that.
    """
    found: dict[str, Reading] = {}

    async def none() -> bool:
        readings = await audit(subject.site, None, [subject.ledger])
        found.update({each.name: each for each in readings})
        return found["ledger.incomplete"].value == 0

    with suppress(DeadlineError):
        await until(none, deadline_s=SETTLED_WITHIN_S, what="all orders are whole", every_s=1.0)
    return found
