"""The background traffic of a drill: customers that come all the while the learner works."""

import asyncio
import statistics
from collections import deque
from pathlib import Path

from drillyard.base.clock import monotonic
from drillyard.base.errors import UserError
from drillyard.drill.subjects import ledger_of, requests_of, sessions_of
from drillyard.drill.views import CustomersView
from drillyard.traffic.live import LiveSummary
from drillyard.traffic.plan import Constant, TrafficPlan
from drillyard.traffic.runner import TrafficProcess

WINDOW_S = 10
HISTORY_S = 40
LONGEST_RUN_S = 4 * 3600.0
"""A traffic process ends by itself after this long; the next look at the drill starts it again."""


class Customers:
    """Starts, steers and watches the background traffic. `private` is where its ledger goes."""

    def __init__(self, private: Path) -> None:
        self._ledger = ledger_of(private, "learner")
        self._sessions = sessions_of(private, "learner")
        self._requests = requests_of(private)
        self._process: TrafficProcess | None = None
        self._reading: asyncio.Task[None] | None = None
        self._seen: deque[LiveSummary] = deque(maxlen=HISTORY_S)
        self.rate = 0.0
        self.since = 0.0
        """When they began to come (monotonic clock)."""

    async def come(self, target: str, rate: float, mix: dict[str, float], *, scale: float) -> None:
        """Have customers come to `target` (host:port) at `rate` requests a second; 0 sends them away."""
        if self._process and self.here and rate > 0:
            await self._process.change_rate(rate)
        else:
            await self.leave()
            if rate > 0:
                await self._start(target, rate, mix, scale)
        self.rate = rate

    @property
    def here(self) -> bool:
        """Whether customers come now."""
        return self._reading is not None and not self._reading.done()

    def view(self) -> CustomersView | None:
        """How it feels for them; None until a second of figures is there."""
        recent = list(self._seen)[-WINDOW_S:]
        if not recent or not self.here:
            return None
        ended = sum(second.ok + second.failed for second in recent)
        return CustomersView(
            window_s=float(len(recent)),
            rate=sum(second.sent for second in recent) / len(recent),
            failed=sum(second.failed for second in recent) / ended if ended else 0.0,
            p50_ms=_median([second.p50_ms for second in recent]),
            p95_ms=_median([second.p95_ms for second in recent]),
            p95_history_ms=[second.p95_ms for second in self._seen if second.p95_ms is not None],
            late_ms=max(second.lateness_p99_ms for second in recent),
        )

    async def leave(self) -> None:
        """Send the customers away; what they were told is in the ledger."""
        process, reading, self._process, self._reading = self._process, self._reading, None, None
        self.rate = 0.0
        self._seen.clear()
        if process:
            await process.stop()
        if reading:
            await reading

    async def _start(self, target: str, rate: float, mix: dict[str, float], scale: float) -> None:
        self._ledger.parent.mkdir(mode=0o700, exist_ok=True)
        plan = TrafficPlan(
            target=target,
            profile=Constant(rate=rate),
            duration_s=LONGEST_RUN_S,
            mix=mix,
            products=products_of(scale),
            customers=customers_of(scale),
            keep_s=60,
            ledger=self._ledger,
            sessions=self._sessions,
            outcomes=self._requests,
        )
        self._process = await TrafficProcess.start(plan)
        self.since = monotonic()
        self._reading = asyncio.create_task(self._read(self._process))

    async def _read(self, process: TrafficProcess) -> None:
        async for summary in process.live():
            self._seen.append(summary)


def require_customers(customers: Customers | None, rate: float) -> Customers:
    """The customers, when enough of them come to notice anything: at least `rate` requests a second.

    Raises:
        UserError: too few come.
    """
    if customers is None or not customers.here or customers.rate < rate:
        raise UserError(
            f"Too few customers come to notice anything: {rate:g} requests a second are needed",
            next_step="Have them come: drill traffic on",
        )
    return customers


def products_of(scale: float) -> int:
    """How many products the shop has at this scale of its data (as `storefront.seed` makes them)."""
    return max(200, round(50_000 * scale))


def customers_of(scale: float) -> int:
    """How many customers it knows at this scale."""
    return max(50, round(20_000 * scale))


def _median(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None
