"""The search for the sustained throughput of several subjects at once (one subject's is `throughput`).

A step of each is taken in turn, so that what the machine does for a minute falls on all of them.
"""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from drillyard.assess.answers_seen import KEPT
from drillyard.assess.measurement import Capacity
from drillyard.assess.session import OnProgress, Progress, Session
from drillyard.assess.shape import TURN_S, Load, Shape
from drillyard.assess.subject import Subject
from drillyard.assess.throughput import RECOVER_S, Objective, sustained
from drillyard.traffic.result import TrafficResult
from drillyard.traffic.seen import Seen

CAPACITY_SEED = 50_000
"""Added to the seed for steps, so that no window repeats their requests."""
STEP_TIMEOUT_S = 3.0
"""A customer who waits longer than this at a rate that is being tried counts as not served."""


async def capacities(
    subjects: Sequence[Subject],
    session: Session,
    shape: Shape,
    load: Load,
    *,
    left_s: float,
    progress: OnProgress,
) -> tuple[dict[str, Capacity], dict[str, list[Seen]]]:
    """By subject, empty when `left_s` seconds were not enough to find all of them; and by subject some of
    the answers that customers got meanwhile.
    """
    objective = Objective(load.objectives_ms) if load.objectives_ms else Objective()
    total = len(subjects) * shape.steps
    each_s = min(left_s / total, shape.step_s + TURN_S)
    taken = itertools.count()

    def tell(subject: Subject, rate: float) -> None:
        done = next(taken)
        text = f"sustained throughput: {subject.name} at {rate:.0f}/s"
        progress(Progress(done, total, text, (total - done) * each_s))

    seen: dict[str, list[Seen]] = {subject.name: [] for subject in subjects}
    turn = asyncio.Lock()
    searches = [
        asyncio.create_task(
            sustained(
                _Steps(
                    session, subject, shape.step_s, load.seed, objective, turn, tell, seen[subject.name]
                ).take,
                objective,
                start=load.rate,
                most_steps=shape.steps,
            )
        )
        for subject in subjects
    ]
    try:
        async with asyncio.timeout(left_s) as limit:
            found = await asyncio.gather(*searches)
    except TimeoutError:
        if not limit.expired():
            raise
        return {}, seen
    finally:
        for search in searches:
            search.cancel()
        await asyncio.gather(*searches, return_exceptions=True)
    return {subject.name: each for subject, each in zip(subjects, found, strict=True)}, seen


@dataclass
class _Steps:
    """The steps of one subject's search. A rate that is tried again meets other requests: those of the first
    time are in its cache.
    """

    session: Session
    subject: Subject
    seconds: float
    seed: int
    objective: Objective
    turn: asyncio.Lock
    tell: Callable[[Subject, float], None]
    seen: list[Seen]
    """Answers that customers got, added to by every step."""
    taken: int = 0

    async def take(self, rate: float) -> TrafficResult:
        """One step; what is left of a step that failed burdens no other."""
        async with self.turn:
            self.taken += 1
            self.tell(self.subject, rate)
            result = await self.session.send(
                self.subject,
                rate=rate,
                seconds=self.seconds,
                seed=self.seed + CAPACITY_SEED + self.taken,
                timeout_s=STEP_TIMEOUT_S,
                keep_answers=KEPT,
            )
            self.seen += result.seen
            if not self.objective.met_by(result):
                await asyncio.sleep(RECOVER_S)
            return result
