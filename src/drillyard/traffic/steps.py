"""A step: one request of a customer, ready to be sent, with what its answer must hold."""

import json
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from drillyard.traffic.visits import Session, Visit

Expectation = Callable[[Any], str]
"""Judges the decoded body of a good answer: the complaint about it, or an empty string."""


@dataclass(slots=True, eq=False)
class Step:
    """One request. `payload` is the whole HTTP message; `status` the only good one.

    `think_s` is how long the customer thinks before it, counted from the answer before. `again` says that it
    may be sent once more when a kept-alive connection was closed before the first byte of an answer came
    (RFC 9110, 9.2.2). `order_key` is the idempotency key of a checkout: such a step is entered in the
    ledger.
    """

    route: str
    payload: bytes
    expect: Expectation
    status: int = 200
    think_s: float = 0.0
    again: bool = True
    order_key: str | None = None


Walk = Generator[Step, Any, None]
"""A journey under way: it yields steps and is sent the decoded body of each good answer."""


@dataclass(frozen=True)
class Journey:
    """A kind of visit. `requests` is the mean number of requests of one visit, by which rates are folded.

    `account` says who makes it: nobody in particular, a signed-in customer (alone with their cart while the
    visit lasts), or the shop's administrator.
    """

    name: str
    requests: float
    walk: Callable[[Visit, Session], Walk]
    account: str = ""


CUSTOMER = "customer"
ADMIN = "admin"


def get(
    route: str, path: str, expect: Expectation, *, session: Session | None = None, think_s: float = 0.0
) -> Step:
    """A GET request."""
    headers = session.header if session is not None else ""
    payload = f"GET {path} HTTP/1.1\r\nHost: shop\r\n{headers}\r\n".encode()
    return Step(route, payload, expect, think_s=think_s)


def send(
    method: str,
    route: str,
    path: str,
    body: object,
    expect: Expectation,
    *,
    session: Session | None = None,
    status: int = 200,
    think_s: float = 0.0,
    order_key: str | None = None,
) -> Step:
    """A request with a JSON body; POST is never sent twice."""
    headers = session.header if session is not None else ""
    if order_key is not None:
        headers += f"Idempotency-Key: {order_key}\r\n"
    content = json.dumps(body, separators=(",", ":"))
    payload = (
        f"{method} {path} HTTP/1.1\r\nHost: shop\r\n{headers}Content-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n{content}"
    ).encode()
    return Step(route, payload, expect, status, think_s, again=method != "POST", order_key=order_key)
