"""Signed-in customers: a bounded pool that signs in before the run, is not counted, and stays signed in.

A sign-in that fails is tried again every second. Until then that customer's requests go out without a token
and are refused, as they would be for a real customer of a shop that lets nobody in.
"""

import asyncio
import base64
import json
import math
import os
from collections import deque
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from drillyard.base.clock import wall
from drillyard.traffic import answers
from drillyard.traffic.connection import Connection
from drillyard.traffic.plan import TrafficPlan, loopback
from drillyard.traffic.steps import ADMIN, CUSTOMER, Step, get, send
from drillyard.traffic.visits import Session, zipf_table

PASSWORD = "drillyard"  # noqa: S105 - the public password of the shop's made-up customers
CONCURRENCY = 4
VISIT_S = 3.0
"""A customer's visit takes about half as long while the shop answers well."""
FEWEST, MOST = 16, 150
REQUEST_TIMEOUT_S = 5.0
SIGN_IN_TIMEOUT_S = 15.0
DEFAULT_LIFETIME_S = 900.0


class Asker:
    """Asks one thing after the other on one connection, for what is not part of the measured traffic."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._connection: Connection | None = None
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None

    async def ask(self, step: Step) -> tuple[int, bytes]:
        """Status and body of the answer.

        Raises:
            OSError: no connection, or it broke (ConnectionError), or no answer came in time (TimeoutError).
        """
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(REQUEST_TIMEOUT_S):
            if self._connection is None:
                _, self._connection = await loop.create_connection(
                    lambda: Connection(self), self._host, self._port
                )
            self._answer = loop.create_future()
            assert self._connection.transport is not None
            self._connection.transport.write(step.payload)
            return await self._answer

    def answered(self, connection: Connection, status: int, body: bytes, *, keep: bool) -> None:
        """See `connection.Owner`."""
        if not keep:
            connection.abort()
            self._connection = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((status, body))

    def lost(self, connection: Connection, *, partial: bool) -> None:
        """See `connection.Owner`."""
        if self._connection is connection:
            self._connection = None
            if self._answer is not None and not self._answer.done():
                self._answer.set_exception(ConnectionResetError("the connection was closed before an answer"))

    def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.abort()


class Accounts:
    """The accounts of a plan's journeys. Customers are lent to one visit at a time, the admin to all."""

    def __init__(self, plan: TrafficPlan, starts: Mapping[str, float]) -> None:
        """`starts` gives, for each kind of account, the most visits a second that begin with one."""
        self._target = plan.target
        self._host, self._port = loopback(plan.target)
        self._file = plan.sessions
        self._trust_s = 2 * plan.duration_s if plan.trust_sessions else None
        run = os.urandom(6).hex()
        self._customers = [Session(customer, run=run) for customer in _pool(plan, _size(plan, starts))]
        self._free = deque(self._customers)
        self._admin = Session(run=run) if ADMIN in starts else None
        self._expired: set[Session] = set()
        self._renew_at: dict[Session, float] = {}
        self._renewal: asyncio.Task[None] | None = None

    @property
    def _sessions(self) -> list[Session]:
        return self._customers + ([self._admin] if self._admin is not None else [])

    def take(self, account: str) -> Session | None:
        """An account for one visit; None when all customers are busy."""
        if account == ADMIN:
            return self._admin
        return self._free.popleft() if self._free else None

    def give_back(self, account: str, session: Session) -> None:
        """The visit is over."""
        if account == CUSTOMER:
            self._free.append(session)

    async def sign_in(self) -> None:
        """Sign everyone in, by tokens of an earlier run where they still count; bounded."""
        known = _read_tokens(self._file, self._target)
        todo = deque(self._sessions)
        try:
            async with asyncio.timeout(SIGN_IN_TIMEOUT_S):
                await asyncio.gather(*(self._work(todo, known) for _ in range(CONCURRENCY)))
        except TimeoutError:
            self._expired.update(todo)
        self._expired.update(session for session in self._sessions if not session.header)
        if self._file is not None:
            _write_tokens(self._file, self._target, self._sessions)

    def expire(self, session: Session) -> None:
        """The shop refused this session's token."""
        if session in self._renew_at or not session.header:
            self._expired.add(session)

    def renew_expired(self, loop: asyncio.AbstractEventLoop) -> None:
        """Sign in again, in the background, whoever must or soon must."""
        now = wall()
        self._expired.update(session for session, at in self._renew_at.items() if at < now)
        if self._expired and (self._renewal is None or self._renewal.done()):
            todo = deque(self._expired)
            self._expired.clear()
            self._renewal = loop.create_task(self._work(todo, {}))

    def close(self) -> None:
        """Stop renewing."""
        if self._renewal is not None:
            self._renewal.cancel()

    async def _work(self, todo: deque[Session], known: dict[int, str]) -> None:
        asker = Asker(self._host, self._port)
        try:
            while todo:
                session = todo.popleft()
                token = known.get(session.customer)
                if token is not None and (
                    self._taken_on_trust(session, token) or await self._still_good(asker, session, token)
                ):
                    continue
                await self._sign_in_one(asker, session)
        finally:
            asker.close()

    def _taken_on_trust(self, session: Session, token: str) -> bool:
        trusted = self._trust_s is not None and _lifetime_s(token) > self._trust_s
        if trusted:
            self._signed_in(session, token)
        return trusted

    async def _still_good(self, asker: Asker, session: Session, token: str) -> bool:
        probe = Session(header=_header(token))
        try:
            status, _ = await asker.ask(get("cart", "/api/cart", answers.order_list, session=probe))
        except OSError:
            asker.close()
            return False
        if status == 200:
            self._signed_in(session, token)
        return status == 200

    async def _sign_in_one(self, asker: Asker, session: Session) -> None:
        email = f"customer{session.customer}@shop.test" if session.customer else "admin@shop.test"
        request = {"email": email, "password": PASSWORD}
        try:
            _, body = await asker.ask(send("POST", "sessions", "/api/sessions", request, answers.signed_in))
            self._signed_in(session, json.loads(body)["token"])
        except (OSError, ValueError, LookupError, TypeError):
            asker.close()
            self._expired.add(session)

    def _signed_in(self, session: Session, token: str) -> None:
        session.header = _header(token)
        self._renew_at[session] = wall() + _lifetime_s(token) / 2


def _size(plan: TrafficPlan, starts: Mapping[str, float]) -> int:
    """How many customers: enough for visits of `VISIT_S` at the peak, within bounds."""
    if CUSTOMER not in starts:
        return 0
    wanted = plan.signed_in or min(max(math.ceil(starts[CUSTOMER] * VISIT_S), FEWEST), MOST)
    return min(wanted, plan.customers)


def _pool(plan: TrafficPlan, size: int) -> list[int]:
    """Which customers sign in: distinct ones by popularity, the same for the same seed.

    With a file of tokens they are the same whatever the seed, or no token could ever be used again.
    """
    rng = np.random.default_rng([0 if plan.sessions else plan.seed, 1])
    table = zipf_table(plan.customers, plan.zipf_exponent)
    chosen: dict[int, None] = {}
    for _ in range(50):
        for customer in (np.searchsorted(table, rng.random(4 * size), side="right") + 1).tolist():
            chosen.setdefault(customer)
        if len(chosen) >= size:
            break
    return list(chosen)[:size]


def _header(token: str) -> str:
    return f"Authorization: Bearer {token}\r\n"


def _lifetime_s(token: str) -> float:
    """How long a token is good from now, by its own word (RFC 7519, `exp`)."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return max(0.0, float(claims["exp"]) - wall())
    except (LookupError, ValueError, TypeError):
        return DEFAULT_LIFETIME_S


def _read_tokens(file: Path | None, target: str) -> dict[int, str]:
    """Tokens of an earlier run; none when the file is not there or for another shop."""
    if file is None or not file.exists():
        return {}
    try:
        kept = json.loads(file.read_text())
        return {int(c): str(token) for c, token in kept["tokens"].items()} if kept["target"] == target else {}
    except (OSError, ValueError, LookupError, AttributeError, TypeError):
        return {}


def _write_tokens(file: Path, target: str, sessions: list[Session]) -> None:
    tokens = {
        session.customer: session.header.removeprefix("Authorization: Bearer ").rstrip()
        for session in sessions
        if session.header
    }
    partial = file.with_name(file.name + ".part")
    partial.touch(mode=0o600)
    partial.write_text(json.dumps({"target": target, "tokens": tokens}))
    partial.replace(file)
