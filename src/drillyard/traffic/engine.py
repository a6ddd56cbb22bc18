"""The open-loop engine: sends every request at its planned time, whatever became of those before it.

Latency counts from the planned time, so that a stalled shop shows as what customers would have waited
("coordinated omission": G. Tene, "How NOT to Measure Latency", 2013). At most `max_in_flight` connections
are open; a request planned beyond that is held, counted, and sent when one is free, with its waiting in its
latency.
"""

import asyncio
import heapq
import itertools
import json
import time
from collections import deque
from collections.abc import Callable, Iterator

import numpy as np

from drillyard.base.clock import monotonic, wall
from drillyard.traffic import answers
from drillyard.traffic.connection import Connection
from drillyard.traffic.honesty import kept_schedule
from drillyard.traffic.journeys import DEFAULT_MIX, journeys
from drillyard.traffic.ledger import Entry, LedgerWriter, WriteClass
from drillyard.traffic.live import LiveSummary
from drillyard.traffic.pacer import make_pacer
from drillyard.traffic.plan import TrafficPlan, loopback
from drillyard.traffic.recorder import Recorder
from drillyard.traffic.result import CODES, Outcome, TrafficResult
from drillyard.traffic.schedule import Arrivals
from drillyard.traffic.sessions import Accounts
from drillyard.traffic.steps import Step, Walk
from drillyard.traffic.visits import NOBODY, Crowd, Session, Visit

CHUNK_S = 0.05
"""How far ahead visits are drawn: short enough that drawing them does not make others late."""
BURST = 32
"""Overdue requests sent in one go before answers are read again."""
COALESCE_S = 0.0001
"""Beyond 10,000 requests a second what falls into a tenth of a millisecond is sent together."""
SWEEP_S = 0.05
STOP_GRACE_S = 0.5
"""How long an early stop waits for answers to what was sent."""

_OK, _WRONG, _REFUSED, _INDETERMINATE = (CODES[outcome] for outcome in Outcome)
_MALFORMED = (LookupError, TypeError, ValueError, AttributeError)
_CLASSES = {_OK: WriteClass.ACKNOWLEDGED, _REFUSED: WriteClass.REFUSED}


class Exchange:
    """One request from its planned time to its end. Times are seconds since the start of the run."""

    __slots__ = ("account", "connected", "first", "planned", "sent", "session", "step", "walk")

    def __init__(self, step: Step, walk: Walk, planned: float, session: Session, account: str) -> None:
        self.step = step
        self.walk = walk
        self.planned = planned
        self.session = session
        self.account = account
        self.sent: float | None = None
        self.connected = False
        self.first = True


class Engine:
    """One run of a plan. `emit` is called with a summary each second."""

    def __init__(self, plan: TrafficPlan, emit: Callable[[LiveSummary], None] | None = None) -> None:
        self._plan = plan
        self._emit = emit
        self._host, self._port = loopback(plan.target)
        known = journeys()
        mix = {name: weight for name, weight in (plan.mix or DEFAULT_MIX).items() if weight > 0}
        self._journeys = [known[name] for name in mix]
        mean = np.average([journey.requests for journey in self._journeys], weights=list(mix.values()))
        arrivals_rng, crowd_rng = np.random.default_rng(plan.seed).spawn(2)
        self._arrivals = Arrivals(plan.profile, plan.duration_s, arrivals_rng, scale=1 / float(mean))
        self._crowd = Crowd(crowd_rng, list(mix.values()), plan.products, plan.zipf_exponent)
        self._accounts = Accounts(plan, {journey.account for journey in self._journeys})
        self._recorder = Recorder(plan.keep_s)
        self._ledger = LedgerWriter(plan.ledger) if plan.ledger is not None else None

        self._visits: Iterator[Visit] = iter(())
        self._next_visit: Visit | None = None
        self._horizon = 0.0
        self._end = plan.duration_s
        self._later: list[tuple[float, int, Exchange]] = []
        self._order = itertools.count()
        self._idle: list[Connection] = []
        self._open = 0
        self._in_flight: dict[Exchange, Connection | None] = {}
        self._held: deque[Exchange] = deque()
        self._held_visits: dict[str, deque[Visit]] = {}
        self._writing = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._planned_count = 0
        self._held_count = 0
        self._stopped = False
        self._done = asyncio.Event()
        self._failure: BaseException | None = None
        self._t0 = 0.0
        self._wall0 = 0.0

    async def run(self) -> TrafficResult:
        """Sign customers in, send the plan, wait for the last answers (each at most `timeout_s`).

        Raises:
            OSError: the ledger cannot be written.
        """
        self._loop = asyncio.get_running_loop()
        await self._accounts.sign_in()
        self._t0, self._wall0 = monotonic(), wall()
        cpu0 = time.process_time()
        self._pacer = make_pacer(self._loop, self._pump)
        self._sweeper = self._loop.call_later(SWEEP_S, self._sweep)
        self._ticks = 0
        self._ticker = self._loop.call_later(1.0, self._tick)
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
        if not self._stopped and not self._done.is_set():
            self._stopped = True
            self._end = min(self._end, monotonic() - self._t0)
            self._next_visit = None
            self._visits = iter(())
            self._later.clear()
            self._loop.call_later(STOP_GRACE_S, self._give_up)
            self._check_done()

    def change_rate(self, rate: float) -> None:
        """From now on send at a constant `rate` (requests per second) until the end of the plan."""
        self._arrivals.change_rate(self._horizon, rate)

    # --- sending

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
        due = visit.planned if visit is not None else self._horizon
        if later and later[0][0] < due:
            due = later[0][0]
        if now >= self._end and visit is None and not later:
            self._check_done()
        elif due < self._end or visit is not None or later:
            self._pacer.arm(t0 + max(due, now + COALESCE_S))

    def _draw(self, now: float) -> Visit | None:
        """The next visit, drawn up to one chunk ahead of now."""
        if self._stopped:
            return None
        while self._horizon < self._end and self._horizon <= now + CHUNK_S:
            self._horizon = min(self._horizon + CHUNK_S, self._end)
            planned = self._arrivals.before(self._horizon)
            if planned.size:
                self._visits = self._crowd.visits(planned)
                return next(self._visits)
        return None

    def _begin(self, visit: Visit, now: float) -> None:
        journey = self._journeys[visit.kind]
        self._planned_count += 1
        session = NOBODY
        if journey.account:
            taken = self._accounts.take(journey.account)
            if taken is None:
                self._recorder_held(now - visit.planned)
                self._held_visits.setdefault(journey.account, deque()).append(visit)
                return
            session = taken
        self._enter(visit, session, now)

    def _enter(self, visit: Visit, session: Session, now: float, *, held: bool = False) -> None:
        journey = self._journeys[visit.kind]
        walk = journey.walk(visit, session)
        exchange = Exchange(next(walk), walk, visit.planned, session, journey.account)
        exchange.first = not held
        self._send(exchange, now)

    def _recorder_held(self, late_s: float) -> None:
        self._held_count += 1
        self._recorder.attempted(late_s)

    def _send(self, exchange: Exchange, now: float) -> None:
        if exchange.first:
            exchange.first = False
            self._recorder.attempted(now - exchange.planned)
        if self._idle:
            self._write(exchange, self._idle.pop(), now)
        elif self._open < self._plan.max_in_flight:
            self._open += 1
            exchange.sent = now
            self._in_flight[exchange] = None
            task = self._loop.create_task(self._connect(exchange))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            self._held_count += 1
            self._held.append(exchange)

    def _write(self, exchange: Exchange, connection: Connection, now: float) -> None:
        exchange.sent = now
        exchange.connected = True
        connection.exchange = exchange
        self._in_flight[exchange] = connection
        connection.transport.write(exchange.step.payload)  # type: ignore[union-attr]  # it is open

    async def _connect(self, exchange: Exchange) -> None:
        try:
            _, connection = await self._loop.create_connection(
                lambda: Connection(self), self._host, self._port
            )
        except OSError as error:
            self._open -= 1
            if exchange in self._in_flight:
                self._finish(exchange, _REFUSED, f"no connection: {error.strerror or error}")
            return
        if exchange in self._in_flight:
            sent = exchange.sent
            self._write(exchange, connection, monotonic() - self._t0)
            exchange.sent = sent
        else:
            self._free(connection)

    # --- answers (called by Connection)

    def answered(self, connection: Connection, status: int, body: bytes, *, keep: bool) -> None:
        """A whole answer is there: judge it and let the journey go on."""
        exchange = connection.exchange
        connection.exchange = None
        if exchange is None:
            connection.abort()
            return
        assert isinstance(exchange, Exchange)
        step = exchange.step
        data: object = None
        if status == step.status:
            try:
                data = json.loads(body.decode())
                complaint = step.expect(data)
                code = _WRONG if complaint else _OK
            except _MALFORMED as error:
                code, complaint = _WRONG, f"malformed: {error!r}"
        else:
            code, complaint = _judge_status(status, body)
        if keep:
            self._free(connection)
        else:
            connection.abort()
        self._finish(exchange, code, complaint, data, status)

    def lost(self, connection: Connection, *, partial: bool) -> None:
        """A connection is gone, idle or with a request on it."""
        self._open -= 1
        exchange = connection.exchange
        connection.exchange = None
        if exchange is None:
            if connection in self._idle:
                self._idle.remove(connection)
        elif isinstance(exchange, Exchange) and exchange in self._in_flight:
            if exchange.step.again and connection.used and not partial:
                exchange.step.again = False
                del self._in_flight[exchange]
                self._send(exchange, exchange.sent or 0.0)
            else:
                reason = "the answer was cut" if partial else "the connection was closed before an answer"
                self._finish(exchange, _INDETERMINATE, reason)
        if self._held and self._open < self._plan.max_in_flight and not self._stopped:
            self._send(self._held.popleft(), monotonic() - self._t0)

    def _free(self, connection: Connection) -> None:
        if self._held and not self._stopped:
            self._write(self._held.popleft(), connection, monotonic() - self._t0)
        else:
            self._idle.append(connection)

    def _finish(
        self, exchange: Exchange, code: int, complaint: str = "", data: object = None, status: int = 0
    ) -> None:
        now = monotonic() - self._t0
        del self._in_flight[exchange]
        step = exchange.step
        route = step.route
        if complaint:
            self._recorder.complain(route, complaint)
        if step.order_key is not None and self._ledger is not None:
            self._enter_in_ledger(self._ledger, exchange, code, data, now)
            return
        if route == "product" and code == _OK:
            self._note_staleness(route, data, now)
        self._recorder.finished(route, exchange.planned, now - exchange.planned, code)
        if status == 401:
            self._accounts.expire(exchange.session)
        self._continue(exchange, code, data, now)

    def _note_staleness(self, route: str, data: object, now: float) -> None:
        try:
            read_at = answers.price_read_at(data)
        except _MALFORMED as error:
            self._recorder.complain(route, f"price_as_of: {error}")
            return
        if read_at is not None:
            self._recorder.stale(route, max(0.0, self._wall0 + now - read_at))

    def _continue(self, exchange: Exchange, code: int, data: object, now: float) -> None:
        """Plan the journey's next step, or let the customer go."""
        if code == _OK:
            try:
                step = exchange.walk.send(data)
            except StopIteration:
                step = None
            except _MALFORMED as error:
                self._recorder.complain(exchange.step.route, f"malformed: {error!r}")
                step = None
            if step is not None and now + step.think_s < self._end:
                self._planned_count += 1
                planned = now + step.think_s
                following = Exchange(step, exchange.walk, planned, exchange.session, exchange.account)
                heapq.heappush(self._later, (planned, next(self._order), following))
                if self._later[0][2] is following:
                    self._rearm(planned)
                return
        if exchange.account:
            self._release(exchange, now)
        if not self._in_flight:
            self._check_done()

    def _rearm(self, planned: float) -> None:
        if self._next_visit is not None:
            planned = min(planned, self._next_visit.planned)
        elif self._horizon < self._end:
            planned = min(planned, self._horizon)
        self._pacer.arm(self._t0 + planned)

    def _release(self, exchange: Exchange, now: float) -> None:
        self._accounts.give_back(exchange.account, exchange.session)
        waiting = self._held_visits.get(exchange.account)
        if waiting and not self._stopped:
            session = self._accounts.take(exchange.account)
            if session is not None:
                self._enter(waiting.popleft(), session, now, held=True)

    # --- the ledger

    def _enter_in_ledger(
        self, ledger: LedgerWriter, exchange: Exchange, code: int, data: object, now: float
    ) -> None:
        """Acknowledged is what is on disk: only then is the request counted and the journey goes on."""
        entry = self._entry(exchange, code, data, now)
        self._writing += 1

        def written() -> None:
            self._loop.call_soon_threadsafe(self._entered, exchange, code, data, now)

        try:
            ledger.append(entry, written)
        except OSError as error:
            self._fail(error)

    def _entered(self, exchange: Exchange, code: int, data: object, now: float) -> None:
        self._writing -= 1
        self._recorder.finished(exchange.step.route, exchange.planned, now - exchange.planned, code)
        self._continue(exchange, code, data, monotonic() - self._t0)

    def _entry(self, exchange: Exchange, code: int, data: object, now: float | None) -> Entry:
        known = data if isinstance(data, dict) else {}
        return Entry(
            kind=_CLASSES.get(code, WriteClass.INDETERMINATE),
            key=exchange.step.order_key or "",
            planned=self._wall0 + exchange.planned,
            sent=self._wall0 + exchange.sent if exchange.sent is not None else None,
            answered=self._wall0 + now if now is not None else None,
            customer=exchange.session.customer,
            order_id=known.get("order_id"),
            number=known.get("number"),
            amount_cents=known.get("amount_cents"),
        )

    # --- time

    def _sweep(self) -> None:
        """End what has had no answer for `timeout_s`."""
        limit = monotonic() - self._t0 - self._plan.timeout_s
        while self._in_flight:
            exchange = next(iter(self._in_flight))
            if exchange.sent is None or exchange.sent > limit:
                break
            self._cut(exchange, f"no answer within {self._plan.timeout_s:g} s")
        self._sweeper = self._loop.call_later(SWEEP_S, self._sweep)
        self._check_done()

    def _cut(self, exchange: Exchange, reason: str) -> None:
        connection = self._in_flight[exchange]
        if connection is not None:
            connection.exchange = None
            connection.abort()
        self._finish(exchange, _INDETERMINATE if exchange.connected else _REFUSED, reason)

    def _tick(self) -> None:
        self._ticks += 1
        now = monotonic() - self._t0
        summary = self._recorder.summary(
            self._wall0 + now,
            now,
            in_flight=len(self._in_flight),
            held=len(self._held) + sum(map(len, self._held_visits.values())),
        )
        if self._emit is not None:
            self._emit(summary)
        self._accounts.renew_expired(self._loop)
        self._ticker = self._loop.call_later(max(0.0, self._ticks + 1 - now), self._tick)

    # --- the end

    def _check_done(self) -> None:
        waiting = self._in_flight or self._later or self._writing
        held = self._held or any(self._held_visits.values())
        ended = self._next_visit is None and monotonic() - self._t0 >= self._end
        if ended and not waiting and (self._stopped or not held):
            self._done.set()

    def _give_up(self) -> None:
        """The grace of an early stop is over: what is in flight stays without an answer."""
        for exchange in list(self._in_flight):
            self._cut(exchange, "the run was stopped before an answer came")
        self._check_done()

    def _fail(self, error: BaseException) -> None:
        self._failure = error
        self._done.set()

    def _close(self) -> None:
        self._pacer.close()
        self._sweeper.cancel()
        self._ticker.cancel()
        for task in self._tasks:
            task.cancel()
        self._accounts.close()
        for connection in self._idle:
            connection.abort()
        if self._ledger is not None and self._failure is None:
            self._ledger.close()

    def _result(self, cpu_s: float) -> TrafficResult:
        routes = self._recorder.routes()
        lateness = self._recorder.lateness_ms()
        unsent = len(self._held) + sum(map(len, self._held_visits.values()))
        latencies = [route.latency_ms for route in routes.values()]
        result = TrafficResult(
            started=self._wall0,
            ended=wall(),
            planned_requests=self._planned_count,
            sent_requests=self._recorder.sent - unsent,
            routes=routes,
            lateness_ms=lateness,
            kept_schedule=kept_schedule(
                lateness,
                np.concatenate(latencies or [np.empty(0)]),
                planned=self._planned_count,
                sent=self._recorder.sent,
            ),
            stopped_early=self._stopped,
            held_requests=self._held_count,
            unsent_requests=unsent,
            cpu_s=cpu_s,
        )
        if self._plan.results is not None:
            result.save(self._plan.results)
        return result


def _judge_status(status: int, body: bytes) -> tuple[int, str]:
    """A definite no is a 4xx, or a 5xx in the shop's own words; a proxy's 5xx says nothing about what was
    done.
    """
    if 400 <= status < 500:
        return _REFUSED, f"status {status}: {_code(body)}"
    if status >= 500:
        code = _code(body)
        return (_REFUSED, f"status {status}: {code}") if code else (_INDETERMINATE, f"status {status}")
    return _WRONG, f"unexpected status {status}"


def _code(body: bytes) -> str:
    try:
        return str(json.loads(body)["error"]["code"])
    except _MALFORMED:
        return ""
