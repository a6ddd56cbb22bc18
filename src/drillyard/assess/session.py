"""A measuring session: load windows that alternate over the subjects, with every source's snapshots around
each.

The order is the same in every round (L T P, L T P, ...): turning it round, so that a drift falls on all
alike, was tried and leaves each cache a long and a short pause by turns, which made hit ratios of equals
differ by 15 % from round to round. Every window of a round sends the same requests; the next round sends
others. Subjects that are not being measured go to the background (`measure/quiet.py`).

Windows that are done are kept on disk; a session with the same keeper goes on after the last complete round.
A session ends at its deadline whatever the shop does: the window that it cuts off is not kept, and what the
others are too few for stays inconclusive.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field

import httpx

from drillyard.assess.answers_seen import KEPT
from drillyard.assess.customers import readings_of
from drillyard.assess.kept import Keeper
from drillyard.assess.measurement import LoadWindow
from drillyard.assess.shape import Load, Shape
from drillyard.assess.starved import starved
from drillyard.assess.subject import Subject
from drillyard.base.clock import monotonic, until, wall
from drillyard.base.errors import DeadlineError
from drillyard.measure import quiet
from drillyard.measure.paired import MIN_PAIRS
from drillyard.measure.reading import Gap, Reading, Window
from drillyard.measure.watch import Watch
from drillyard.traffic.plan import Constant, TrafficPlan
from drillyard.traffic.result import TrafficResult
from drillyard.traffic.runner import TrafficProcess

WARM_SEED = 90_000
"""Added to the seed for warming up, so that no window repeats those requests."""
STRANGERS = 0.05
"""Share of requests beside the customers' that hardly changes a counter."""
STRAYS = 10
"""So many requests of probes may still be in work when a window begins, or a customer's may be sent again."""
SERVING_S = 3.0
CLOCK_SLIP_S = 0.25
"""How far the wall clock may move against the monotonic one inside a window before somebody changed it."""


@dataclass(frozen=True)
class Progress:
    """Where a session is: `done` of `total` steps, what is going on, and about how long it still takes."""

    done: int
    total: int
    text: str
    seconds_left: float


OnProgress = Callable[[Progress], None]


def _quietly(_: Progress) -> None:
    return


@dataclass
class Turns:
    """Who is being measured right now, for those who must not disturb it."""

    _measured: str = ""
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def begin(self, subject: str) -> None:
        """A window of `subject` begins."""
        async with self._changed:
            self._measured = subject

    async def end(self) -> None:
        """It is over."""
        async with self._changed:
            self._measured = ""
            self._changed.notify_all()

    async def until_not(self, subject: str) -> None:
        """Wait until `subject` is not being measured."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._measured != subject)


class Session:
    """Alternating windows over running subjects. Interrupt it by cancelling; nothing that is done is lost.

    `deadline` is an instant of the monotonic clock (None: the shape's limit from now); `reserve_s` is what
    has to be left before it for what comes after the windows.
    """

    def __init__(
        self,
        subjects: Sequence[Subject],
        load: Load,
        shape: Shape,
        keeper: Keeper,
        *,
        deadline: float | None = None,
        reserve_s: float = 2.0,
        progress: OnProgress = _quietly,
    ) -> None:
        self._subjects = tuple(subjects)
        self._load = load
        self._shape = shape
        self._keeper = keeper
        self._deadline = (monotonic() + shape.limit_s if deadline is None else deadline) - reserve_s
        self._progress = progress
        self._began = monotonic()
        self._resumed_at = 0
        self._watches: Mapping[str, Watch] = {}
        self._total = len(subjects) * (shape.rounds + 1)
        self._done = 0
        self.turns = Turns()
        self.cut = False
        """Whether the deadline came before the last round."""

    async def run(self) -> tuple[LoadWindow, ...]:
        """Measure what is not measured yet, and give all windows.

        Raises:
            TrafficFailedError: the traffic process broke.
            UserError: results cannot be written.
        """
        kept = _complete_rounds(self._keeper.windows(), {subject.name for subject in self._subjects})
        first = max((window.round for window in kept), default=-1) + 1
        self._done = first * len(self._subjects)
        self._began, self._resumed_at = monotonic(), first
        windows = list(kept)
        if not self._goes_on(windows, first):
            return kept
        async with AsyncExitStack() as stack:
            self._watches = {subject.name: Watch(subject.site) for subject in self._subjects}
            for watch in self._watches.values():
                stack.push_async_callback(watch.close)
            stack.callback(self._all_to_foreground)
            try:
                async with asyncio.timeout(self._deadline - monotonic()) as limit:
                    await self._rounds(windows, first)
            except TimeoutError:
                if not limit.expired():
                    raise
                self.cut = True
            return tuple(windows)

    async def _rounds(self, windows: list[LoadWindow], number: int) -> None:
        for subject in self._subjects:
            await self._warm(subject)
        while self._goes_on(windows, number):
            for subject in self._subjects:
                windows.append(await self._window(subject, number))
            number += 1
            if len(self._subjects) == 1:
                # Probes act while their subject is not being measured: there is nobody else's turn.
                await asyncio.sleep(self._shape.window_s)

    def _goes_on(self, windows: Sequence[LoadWindow], done: int) -> bool:
        """Whether another round is needed and there is time for it."""
        if done < MIN_PAIRS:
            return True
        good = done - len({window.round for window in windows if window.troubles})
        most = self._shape.rounds + self._shape.spare_rounds
        if good >= self._shape.rounds or done >= most:
            return False
        spent = monotonic() - self._began
        measured = max(done - self._resumed_at, 1)
        return monotonic() + spent / measured <= self._deadline

    async def send(
        self,
        subject: Subject,
        *,
        rate: float,
        seconds: float,
        seed: int,
        trust: bool = True,
        timeout_s: float | None = None,
        keep_answers: int = 0,
    ) -> TrafficResult:
        """One run of traffic with `subject` alone in the foreground; `trust` sends no request but the
        planned, `timeout_s` is the customers' patience (None: the shape's), `keep_answers` as in its plan.
        """
        self._only(subject)
        patience_s = self._shape.patience_s if timeout_s is None else timeout_s
        plan = traffic_plan(
            subject,
            self._load,
            rate=rate,
            seconds=seconds,
            seed=seed,
            trust=trust,
            timeout_s=patience_s,
            keep_answers=keep_answers,
        )
        process = await TrafficProcess.start(plan)
        quiet.favour(process.pid)
        try:
            return await process.result()
        except asyncio.CancelledError:
            await process.abandon()
            raise

    async def _warm(self, subject: Subject) -> None:
        self._tell(f"warming up {subject.name}")
        await self.turns.begin(subject.name)
        try:
            await self.send(
                subject,
                rate=self._load.rate,
                seconds=self._shape.warm_s,
                seed=self._load.seed + WARM_SEED,
                trust=False,
            )
        finally:
            await self.turns.end()
        self._done += 1

    async def _window(self, subject: Subject, number: int) -> LoadWindow:
        more = number + 1 - self._shape.rounds
        name = f"round {number + 1} of {self._shape.rounds}" if more <= 0 else f"extra round {more}"
        self._tell(f"{name}: {subject.name}")
        watch = self._watches[subject.name]
        await self.turns.begin(subject.name)
        try:
            self._only(subject)
            await serving(subject)
            await watch.begin()
            started, steady = wall(), monotonic()
            result = await self.send(
                subject,
                rate=self._load.rate,
                seconds=self._shape.window_s,
                seed=self._load.seed + number,
                keep_answers=KEPT,
            )
            slipped = abs((wall() - started) - (monotonic() - steady)) > CLOCK_SLIP_S
            span = Window(result.started, result.ended)
            sheets = await watch.end(span, sum(result.outcomes.values()))
        finally:
            await self.turns.end()
        readings = {**sheets.readings, **readings_of(result)}
        gaps, troubles = sheets.gaps, troubles_of(result, readings, clock_slipped=slipped)
        if strangers := strangers_of(result, readings):
            readings, gaps = readings_of(result), (*gaps, Gap("", strangers))
            troubles = (*troubles, strangers)
        window = LoadWindow(subject.name, number, span, result, readings, gaps, troubles)
        await asyncio.to_thread(self._keeper.keep_window, window)
        self._done += 1
        return window

    def _only(self, subject: Subject) -> None:
        for other in self._subjects:
            if other is not subject:
                quiet.background(other.pids().values())
        quiet.foreground(subject.pids().values())

    def _all_to_foreground(self) -> None:
        for subject in self._subjects:
            quiet.foreground(subject.pids().values())

    def _tell(self, text: str) -> None:
        left = self._shape.seconds(len(self._subjects)) * (1 - self._done / max(self._total, 1))
        self._progress(Progress(self._done, self._total, text, left))


async def serving(subject: Subject) -> None:
    """Wait until the front door leads somewhere; a range in the background may have failed a health check.

    Bounded: a shop that does not serve is measured as it is.
    """
    async with httpx.AsyncClient(timeout=1, trust_env=False) as client:

        async def answers() -> bool:
            try:
                return (await client.get(f"http://{subject.target}/healthz")).status_code == 200
            except httpx.HTTPError:
                return False

        with suppress(DeadlineError):
            await until(answers, deadline_s=SERVING_S, what="the shop serves", every_s=0.05)


def traffic_plan(
    subject: Subject,
    load: Load,
    *,
    rate: float,
    seconds: float,
    seed: int,
    trust: bool = True,
    timeout_s: float = 10.0,
    keep_answers: int = 0,
) -> TrafficPlan:
    """The plan of one run against one subject."""
    return TrafficPlan(
        target=subject.target,
        profile=Constant(rate=rate),
        duration_s=seconds,
        mix=dict(load.mix),
        seed=seed,
        products=load.products,
        customers=load.customers,
        timeout_s=timeout_s,
        ledger=subject.ledger,
        sessions=subject.sessions,
        trust_sessions=trust,
        keep_answers=keep_answers,
    )


def troubles_of(
    result: TrafficResult, readings: Mapping[str, Reading], *, clock_slipped: bool = False
) -> tuple[str, ...]:
    """Why the seconds of one window prove nothing; empty when they do."""
    found = []
    if not result.kept_schedule:
        found.append("the traffic could not keep its schedule: this machine is too busy")
    if result.stopped_early:
        found.append("the traffic was stopped before the end of the window")
    values = {name: each.value for name, each in readings.items()}
    found += starved(values, result.cpu_s / max(result.ended - result.started, 0.1))
    if clock_slipped:
        found.append("the machine's clock was changed inside the window")
    return tuple(found)


def strangers_of(result: TrafficResult, readings: Mapping[str, Reading]) -> str:
    """Whether others than the customers used the shop in a window: then its counters are not about them."""
    handled, sent = readings.get("shop.requests"), sum(result.outcomes.values())
    if handled is None or handled.value <= (1 + STRANGERS) * sent + STRAYS:
        return ""
    return (
        f"the shop handled {handled.value:.0f} requests where customers sent {sent}: somebody else used it"
        " meanwhile"
    )


def _complete_rounds(windows: Sequence[LoadWindow], subjects: set[str]) -> tuple[LoadWindow, ...]:
    """The windows of rounds in which every subject was measured, without a hole before them."""
    by_round: dict[int, set[str]] = {}
    for window in windows:
        by_round.setdefault(window.round, set()).add(window.subject)
    complete = 0
    while subjects and subjects <= by_round.get(complete, set()):
        complete += 1
    return tuple(window for window in windows if window.round < complete and window.subject in subjects)
