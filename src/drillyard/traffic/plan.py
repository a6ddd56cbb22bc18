"""What to send: a plan is all that a traffic process needs to know."""

import ipaddress
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Constant(_Frozen):
    """The same rate all along (requests per second)."""

    kind: Literal["constant"] = "constant"
    rate: float = Field(gt=0)


class Ramp(_Frozen):
    """From `start` to `end` requests per second, linearly."""

    kind: Literal["ramp"] = "ramp"
    start: float = Field(ge=0)
    end: float = Field(ge=0)


class Step(_Frozen):
    """Equal parts of the duration at each of `rates`."""

    kind: Literal["step"] = "step"
    rates: tuple[Annotated[float, Field(ge=0)], ...] = Field(min_length=1)


class Spike(_Frozen):
    """`base` with `peak` between `at_s` and `at_s + width_s`."""

    kind: Literal["spike"] = "spike"
    base: float = Field(gt=0)
    peak: float = Field(gt=0)
    at_s: float = Field(ge=0)
    width_s: float = Field(gt=0)


class DayCurve(_Frozen):
    """A day squeezed into the duration: a trough at night, `peak` in the evening, `trough` requests per
    second.
    """

    kind: Literal["day"] = "day"
    trough: float = Field(gt=0)
    peak: float = Field(gt=0)


Profile = Annotated[Constant | Ramp | Step | Spike | DayCurve, Field(discriminator="kind")]


def loopback(target: str) -> tuple[str, int]:
    """Split `host:port` into an IPv4 or IPv6 loopback address and a port.

    Raises:
        ValueError: it is not `host:port`, or the host is not a loopback address. Customers are simulated for
        the drill's own shop only; this generator must be of no use against anything else.
    """
    host, separator, port = target.rpartition(":")
    if not separator or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(f"target must be host:port, found {target!r}")
    host = "127.0.0.1" if host == "localhost" else host.strip("[]")
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = False
    if not local:
        raise ValueError(f"target must be a loopback address such as 127.0.0.1:8080, found {target!r}")
    return host, int(port)


class TrafficPlan(_Frozen):
    """One run of traffic against one shop.

    `target` is `host:port` of the shop's front door, always a loopback address. The profile's rate counts
    requests; `mix` gives each journey (`browse`, `search`, `buy`, `history`, `admin`) its share of the
    *journeys* (empty: `journeys.DEFAULT_MIX`). `duration_s` bounds the run; it stops by itself. `ledger` is
    the append-only file of attempted writes; `results` the directory for latencies and totals. The same
    `seed` and plan give the same arrivals and the same requests.

    `signed_in` customers sign in before the run starts and are not counted (None: as many as the peak rate
    needs; a sign-in costs the shop a password hash). `sessions` is a file of tokens to use again in the next
    run against the same shop; with `trust_sessions` without asking the shop whether they still count.
    `keep_s` bounds memory in long runs: exact latencies are kept for about the last `keep_s` seconds only
    (None: for the whole run), while totals always cover everything. `outcomes` is an append-only file of how
    every request ended. `keep_answers` good answers are kept whole, drawn at random,
    and as many of the administrator's.
    """

    target: str
    profile: Profile
    duration_s: float = Field(gt=0, le=4 * 3600)
    mix: dict[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    seed: int = Field(default=0, ge=0)
    products: int = Field(default=50_000, ge=1)
    customers: int = Field(default=20_000, ge=1)
    zipf_exponent: float = Field(default=1.05, gt=0)
    timeout_s: float = Field(default=10.0, gt=0, le=120)
    max_in_flight: int = Field(default=2_000, ge=1, le=20_000)
    signed_in: int | None = Field(default=None, ge=1, le=500)
    sessions: Path | None = None
    trust_sessions: bool = False
    keep_s: float | None = Field(default=None, gt=0)
    keep_answers: int = Field(default=0, ge=0, le=1_000)
    ledger: Path | None = None
    outcomes: Path | None = None
    results: Path | None = None

    @field_validator("target")
    @classmethod
    def _is_loopback(cls, target: str) -> str:
        loopback(target)
        return target
