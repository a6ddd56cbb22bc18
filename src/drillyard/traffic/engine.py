"""The open-loop engine: sends every request at its planned time, whatever became of those before it.

Latency counts from the planned time, so that a stalled shop shows as what customers would have waited
("coordinated omission": G. Tene, "How NOT to Measure Latency", 2013). Visits are planned ahead; a journey's
next request is planned when its last answer is there, one think time later. What is planned and cannot be
sent because `max_in_flight` answers are missing, or no signed-in customer is free, is held and counted; its
waiting is part of its latency.
"""

import asyncio
import heapq
import itertools
import time
from collections import deque
from collections.abc import Callable, Iterator

import numpy as np

from drillyard.base.clock import monotonic, wall
from drillyard.traffic import answers, outcomes
from drillyard.traffic.exchange import INDETERMINATE, MALFORMED, OK, REFUSED, WRONG, Exchange, Verdict
from drillyard.traffic.honesty import kept_schedule
from drillyard.traffic.journeys import DEFAULT_MIX, journeys
from drillyard.traffic.ledger import Entry, LedgerWriter, WriteClass
from drillyard.traffic.live import LiveSummary
from drillyard.traffic.pacer import make_pacer
from drillyard.traffic.plan import TrafficPlan, loopback
from drillyard.traffic.recorder import Recorder
from drillyard.traffic.result import TrafficResult
from drillyard.traffic.schedule import Arrivals
from drillyard.traffic.seen import Sample
from drillyard.traffic.sessions import Accounts
from drillyard.traffic.visits import NOBODY, Crowd, Session, Visit
from drillyard.traffic.wire import Wire

CHUNK_S = 0.05
"""How far ahead visits are drawn: short enough that drawing them does not make others late."""
BURST = 32
"""Overdue requests sent in one go before answers are read again."""
COALESCE_S = 0.0001
"""Beyond 10,000 requests a second what falls into a tenth of a millisecond is sent together."""
SWEEP_S = 0.05
STOP_GRACE_S = 0.5
"""How long an early stop waits for answers to what was sent."""

_CLASSES = {OK: WriteClass.ACKNOWLEDGED, REFUSED: WriteClass.REFUSED, INDETERMINATE: WriteClass.INDETERMINATE}


class Engine:
    """One run of a plan. `emit` is called with a summary each second."""

    def __init__(self, plan: TrafficPlan, emit: Callable[[LiveSummary], None] | None = None) -> None:
        self._plan = plan
        self._emit = emit
        known = journeys()
        mix = {name: weight for name, weight in (plan.mix or DEFAULT_MIX).items() if weight > 0}
        self._journeys = [known[name] for name in mix]
        mean = np.average([journey.requests for journey in self._journeys], weights=list(mix.values()))
        arrivals_rng, crowd_rng = np.random.default_rng(plan.seed).spawn(2)
        self._arrivals = Arrivals(plan.profile, plan.duration_s, arrivals_rng, scale=1 / float(mean))
        self._crowd = Crowd(crowd_rng, list(mix.values()), plan.products, plan.zipf_exponent)
        starts = {
            account: sum(mix[journey.name] for journey in self._journeys if journey.account == account)
            * (self._arrivals.peak_rate / sum(mix.values()))
            for account in {journey.account for journey in self._journeys}
        }
        self._accounts = Accounts(plan, starts)
        self._recorder = Recorder(plan.keep_s)
        self._sample = Sample(plan.keep_answers)
        self._ledger = LedgerWriter(plan.ledger) if plan.ledger is not None else None
        self._outcomes = outcomes.OutcomesWriter(plan.outcomes) if plan.outcomes is not None else None
        self._visits: Iterator[Visit] = iter(())
        self._next_visit: Visit | None = None
        self._horizon = 0.0
        self._end = plan.duration_s
        self._later: list[tuple[float, int, Exchange]] = []
        self._order = itertools.count()
        self._waiting: dict[str, deque[Visit]] = {}
        self._writing = 0
        self._planned_count = 0
        self._held_count = 0
        self._ticks = 0
        self._stopped = False
        self._done = asyncio.Event()
        self._failure: BaseException | None = None

    async def run(self) -> TrafficResult:
        """Sign customers in, send the plan, wait for the last answers (each at most `timeout_s`).

        Raises:
            OSError: the ledger cannot be written.
        """
        self._loop = asyncio.get_running_loop()
        host, port = loopback(self._plan.target)
        self._wire = Wire(
            host,
            port,
            max_open=self._plan.max_in_flight,
            timeout_s=self._plan.timeout_s,
            finished=self._finished,
        )
        await self._accounts.sign_in()
        self._t0, self._wall0 = monotonic(), wall()
        self._wire.t0 = self._t0
        cpu0 = time.process_time()
        self._pacer = make_pacer(self._loop, self._pump)
        self._sweeper = self._loop.call_later(SWEEP_S, self._sweep)
        self._ticker = self._loop.call_later(1.0, self._tick)
        if self._stopped:
            self._end = 0.0
        self._pump()
        try:
            await self._done.wait()
        finally:
            self._close()
        if self._failure is not None:
            raise self._failure
        return self._result(time.process_time() - cpu0)

    def stop(self) -> None:
        """Send nothing more, give what is in flight a moment, and end."""
        if self._stopped or self._done.is_set():
            return
        self._stopped = True
        if hasattr(self, "_t0"):
            self._end = min(self._end, monotonic() - self._t0)
            self._next_visit = None
            self._visits = iter(())
            self._later.clear()
            self._pacer.rest()
            self._wire.stop()
            self._loop.call_later(STOP_GRACE_S, self._give_up)
            self._check_done()

    def change_rate(self, rate: float) -> None:
        """From now on send at a constant `rate` (requests per second) until the end of the plan."""
        self._arrivals.change_rate(self._horizon, rate)

    def _pump(self) -> None:
        """Send what is due, a bounded number at a time, and arm the clock for what comes next."""
        if self._done.is_set():
            return
        clock, t0 = monotonic, self._t0
        now = clock() - t0
        budget = BURST
        visit = self._next_visit
        later = self._later
        while budget:
            if visit is None:
                visit = self._draw(now)
            if visit is not None and visit.planned <= now:
                self._begin(visit, now)
                visit = next(self._visits, None)
            elif later and later[0][0] <= now:
                self._send(heapq.heappop(later)[2], now)
            else:
                break
            budget -= 1
            now = clock() - t0
        self._next_visit = visit
        self._arm(now)

    def _arm(self, now: float) -> None:
        """Have the pump called when the next request is due, or the next visits have to be drawn."""
        due = self._next_visit.planned if self._next_visit is not None else float("inf")
        if self._next_visit is None and self._horizon < self._end:
            due = self._horizon
        if self._later and self._later[0][0] < due:
            due = self._later[0][0]
        if due < float("inf"):
            self._pacer.arm(self._t0 + max(due, now + COALESCE_S))
        else:
            self._pacer.rest()

    def _draw(self, now: float) -> Visit | None:
        """The next visit, drawn up to one chunk ahead of now."""
        while self._horizon < self._end and self._horizon <= now + CHUNK_S and not self._stopped:
            self._horizon = min(self._horizon + CHUNK_S, self._end)
            planned = self._arrivals.before(self._horizon)
            if planned.size:
                self._visits = self._crowd.visits(planned)
                return next(self._visits)
        return None

    def _begin(self, visit: Visit, now: float) -> None:
        account = self._journeys[visit.kind].account
        self._planned_count += 1
        session: Session | None = NOBODY
        if account:
            session = self._accounts.take(account)
        if session is None:
            self._held_count += 1
            self._recorder.attempted(now - visit.planned)
            self._waiting.setdefault(account, deque()).append(visit)
            return
        self._send(self._enter(visit, session), now)

    def _enter(self, visit: Visit, session: Session) -> Exchange:
        journey = self._journeys[visit.kind]
        walk = journey.walk(visit, session)
        return Exchange(next(walk), walk, visit.planned, session, journey.account)

    def _send(self, exchange: Exchange, now: float) -> None:
        if not exchange.attempted:
            exchange.attempted = True
            self._recorder.attempted(now - exchange.planned)
        if not self._wire.send(exchange, now):
            self._held_count += 1

    def _finished(self, exchange: Exchange, verdict: Verdict) -> None:
        """An exchange has ended (called by the wire)."""
        now = monotonic() - self._t0
        step = exchange.step
        if verdict.complaint:
            self._recorder.complain(step.route, verdict.complaint)
        if step.order_key is not None and self._ledger is not None:
            self._enter_in_ledger(self._ledger, exchange, verdict, now)
            return
        if verdict.code == OK:
            self._sample.offer(step.payload, exchange.session.customer, wall(), verdict.data)
            if step.route == "product":
                self._note_staleness(step.route, verdict.data, now)
        self._record(exchange, now, verdict)
        if verdict.status == 401:
            self._accounts.expire(exchange.session)
        self._continue(exchange, verdict, now)

    def _record(self, exchange: Exchange, ended: float, verdict: Verdict) -> None:
        latency_s = ended - exchange.planned
        self._recorder.finished(exchange.step.route, exchange.planned, latency_s, verdict.code)
        if self._outcomes is not None:
            forgotten = verdict.code == WRONG and verdict.complaint.startswith(answers.FORGOTTEN)
            code = outcomes.FORGOTTEN if forgotten else verdict.code
            self._outcomes.add(self._time_of(exchange.planned), latency_s * 1000, code)

    def _note_staleness(self, route: str, data: object, now: float) -> None:
        try:
            read_at = answers.price_read_at(data)
        except MALFORMED as error:
            self._recorder.complain(route, f"price_as_of: {error}")
            return
        if read_at is not None:
            self._recorder.stale(route, max(0.0, self._time_of(now) - read_at))

    def _continue(self, exchange: Exchange, verdict: Verdict, now: float) -> None:
        """Plan the journey's next request, or let the customer go; whoever got no good answer leaves."""
        if verdict.code == OK and self._plan_next(exchange, verdict.data, now):
            return
        if exchange.account:
            self._release(exchange, now)
        if not self._wire.in_flight:
            self._check_done()

    def _plan_next(self, exchange: Exchange, data: object, now: float) -> bool:
        try:
            step = exchange.walk.send(data)
        except StopIteration:
            return False
        except MALFORMED as error:
            self._recorder.complain(exchange.step.route, f"malformed: {error!r}")
            return False
        planned = now + step.think_s
        if planned >= self._end:
            return False
        self._planned_count += 1
        following = Exchange(step, exchange.walk, planned, exchange.session, exchange.account)
        heapq.heappush(self._later, (planned, next(self._order), following))
        if self._later[0][2] is following:
            self._arm(now)
        return True

    def _release(self, exchange: Exchange, now: float) -> None:
        self._accounts.give_back(exchange.account, exchange.session)
        waiting = self._waiting.get(exchange.account)
        if waiting and not self._stopped:
            session = self._accounts.take(exchange.account)
            if session is not None:
                entered = self._enter(waiting.popleft(), session)
                entered.attempted = True
                self._send(entered, now)

    def _enter_in_ledger(
        self, ledger: LedgerWriter, exchange: Exchange, verdict: Verdict, now: float
    ) -> None:
        """Acknowledged is what is on disk: only then is the request counted and the journey goes on."""
        self._writing += 1

        def written() -> None:
            self._loop.call_soon_threadsafe(self._entered, exchange, verdict, now)

        try:
            ledger.append(self._entry(exchange, verdict, now), written)
        except OSError as error:
            self._failure = error
            self._done.set()

    def _entered(self, exchange: Exchange, verdict: Verdict, answered: float) -> None:
        self._writing -= 1
        self._record(exchange, answered, verdict)
        if verdict.status == 401:
            self._accounts.expire(exchange.session)
        self._continue(exchange, verdict, monotonic() - self._t0)

    def _entry(self, exchange: Exchange, verdict: Verdict, answered: float) -> Entry:
        known = verdict.data if isinstance(verdict.data, dict) else {}
        return Entry(
            kind=_CLASSES.get(verdict.code, WriteClass.INDETERMINATE),
            key=exchange.step.order_key or "",
            planned=self._time_of(exchange.planned),
            sent=self._time_of(exchange.sent) if exchange.sent is not None else None,
            answered=self._time_of(answered) if verdict.status else None,
            customer=exchange.session.customer,
            order_id=known.get("order_id"),
            number=known.get("number"),
            amount_cents=known.get("amount_cents"),
        )

    def _time_of(self, at: float) -> float:
        """Seconds since the epoch of an instant of the run, a moment ago: taken back from now, because the
        run's own clock stands still while a laptop sleeps.
        """
        return wall() - (monotonic() - self._t0 - at)

    def _sweep(self) -> None:
        self._wire.sweep()
        self._sweeper = self._loop.call_later(SWEEP_S, self._sweep)
        self._check_done()

    def _tick(self) -> None:
        self._ticks += 1
        now = monotonic() - self._t0
        in_flight, held = len(self._wire.in_flight), self._held_now()
        summary = self._recorder.summary(self._wall0 + now, now, in_flight=in_flight, held=held)
        if self._emit is not None:
            self._emit(summary)
        if self._outcomes is not None:
            self._outcomes.mark(self._time_of(self._complete_until(now)))
            self._outcomes.flush()
        self._accounts.renew_expired(self._loop)
        self._ticker = self._loop.call_later(max(0.0, self._ticks + 1 - now), self._tick)

    def _complete_until(self, now: float) -> float:
        """All requests that were planned before have ended."""
        open_ = [exchange.planned for exchange in self._wire.in_flight]
        open_ += [exchange.planned for exchange in self._wire.held]
        open_ += [visit.planned for waiting in self._waiting.values() for visit in waiting]
        return min(open_, default=now)

    def _held_now(self) -> int:
        return len(self._wire.held) + sum(map(len, self._waiting.values()))

    def _check_done(self) -> None:
        busy = self._wire.in_flight or self._later or self._writing
        ended = self._next_visit is None and monotonic() - self._t0 >= self._end
        if ended and not busy and (self._stopped or not self._held_now()):
            self._done.set()

    def _give_up(self) -> None:
        """The grace of an early stop is over: what is in flight stays without an answer."""
        self._wire.cut_all("the run was stopped before an answer came")
        self._check_done()

    def _close(self) -> None:
        self._pacer.close()
        self._sweeper.cancel()
        self._ticker.cancel()
        self._accounts.close()
        self._wire.close()
        if self._ledger is not None and self._failure is None:
            self._ledger.close()
        if self._outcomes is not None:
            self._outcomes.close()

    def _result(self, cpu_s: float) -> TrafficResult:
        routes = self._recorder.routes()
        lateness = self._recorder.lateness_ms()
        unsent = self._held_now()
        latencies = [route.latency_ms for route in routes.values()] or [np.empty(0)]
        result = TrafficResult(
            started=self._wall0,
            ended=wall(),
            planned_requests=self._planned_count,
            sent_requests=self._recorder.sent - unsent,
            routes=routes,
            lateness_ms=lateness,
            kept_schedule=kept_schedule(
                lateness,
                np.concatenate(latencies),
                planned=self._planned_count,
                sent=self._recorder.sent,
            ),
            stopped_early=self._stopped,
            held_requests=self._held_count,
            unsent_requests=unsent,
            cpu_s=cpu_s,
            seen=self._sample.kept(),
        )
        if self._plan.results is not None:
            result.save(self._plan.results)
        return result
