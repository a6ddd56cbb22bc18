"""What to send: a plan is all that a traffic process needs to know."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


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
    rates: tuple[float, ...] = Field(min_length=1)


class Spike(_Frozen):
    """`base` with `peak` between `at_s` and `at_s + width_s`."""

    kind: Literal["spike"] = "spike"
    base: float = Field(gt=0)
    peak: float = Field(gt=0)
    at_s: float = Field(ge=0)
    width_s: float = Field(gt=0)


class DayCurve(_Frozen):
    """A day squeezed into the duration: a trough at night, `peak` in the evening, `trough` requests per second."""

    kind: Literal["day"] = "day"
    trough: float = Field(gt=0)
    peak: float = Field(gt=0)


Profile = Annotated[Constant | Ramp | Step | Spike | DayCurve, Field(discriminator="kind")]


class TrafficPlan(_Frozen):
    """One run of traffic against one shop.

    `target` is `host:port` of the shop's front door, always a loopback address. `mix` gives each journey
    (`browse`, `search`, `buy`, `history`, `admin`) its weight. `duration_s` bounds the run; it stops by itself.
    `ledger` is the append-only file of acknowledged writes; `results` the directory for latencies and totals.
    The same `seed` and plan give the same arrivals and the same requests.
    """

    target: str
    profile: Profile
    duration_s: float = Field(gt=0, le=4 * 3600)
    mix: dict[str, float] = Field(default_factory=dict)
    seed: int = 0
    products: int = 50_000
    customers: int = 20_000
    zipf_exponent: float = 1.05
    timeout_s: float = 10.0
    max_in_flight: int = 2_000
    ledger: Path | None = None
    results: Path | None = None
