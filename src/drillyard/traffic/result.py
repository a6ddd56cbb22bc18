"""What came back: totals, exact latencies and the honesty of the generator itself."""

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from drillyard.base.errors import UserError
from drillyard.traffic.seen import Seen

FORMAT_VERSION = 1


class Outcome(StrEnum):
    """How one request ended, as the customer saw it."""

    OK = "ok"
    WRONG = "wrong"
    """A good status with the wrong content."""
    REFUSED = "refused"
    """A definite no: 4xx, 5xx with the shop's own error body, connection refused."""
    INDETERMINATE = "indeterminate"
    """Sent, and no answer that says whether it was done: timeout, reset, cut body."""


CODES = {outcome: code for code, outcome in enumerate(Outcome)}
"""The small number that stands for an outcome in `RouteResult.codes`."""


@dataclass(frozen=True)
class RouteResult:
    """One route's requests.

    `planned`, `latency_ms` and `codes` run in parallel, one entry a request: the planned time (seconds since
    the start of the run), the latency in milliseconds counted *from the planned time*, so that a stall shows
    in full, and the outcome (`CODES`). `staleness_s` has one entry for every answer that said as of when its
    price was read: its age when it arrived.
    """

    route: str
    planned: NDArray[np.float64]
    latency_ms: NDArray[np.float64]
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    codes: NDArray[np.uint8] = field(default_factory=lambda: np.empty(0, np.uint8))
    staleness_s: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    complaints: tuple[str, ...] = ()
    """The first few reasons why an answer was not OK."""

    def percentile(self, q: float) -> float:
        """The exact q-th percentile (0-100) of the latency in milliseconds; NaN when there was no request."""
        return float(np.percentile(self.latency_ms, q)) if self.latency_ms.size else float("nan")

    def staleness(self, q: float) -> float:
        """The exact q-th percentile (0-100) of the prices' age in seconds; NaN when no answer said it."""
        return float(np.percentile(self.staleness_s, q)) if self.staleness_s.size else float("nan")


@dataclass(frozen=True)
class TrafficResult:
    """One run: `started` and `ended` are seconds since the epoch; `lateness_ms` is how late each request left
    compared with its planned time, `kept_schedule` whether that stayed inside the bound that the module
    `drillyard.traffic.honesty` documents. A run that did not keep its schedule can prove nothing.

    `held_requests` counts those that had to wait because the shop left too many unanswered (`max_in_flight`,
    or no signed-in customer free): their waiting is the shop's doing, is part of their latency, and does not
    break the schedule. `unsent_requests` were planned and not sent when the run ended. `cpu_s` is what the
    generator used. `seen` are good answers that were kept whole, drawn at random.
    """

    started: float
    ended: float
    planned_requests: int
    sent_requests: int
    routes: dict[str, RouteResult]
    lateness_ms: NDArray[np.float64]
    kept_schedule: bool
    stopped_early: bool = False
    held_requests: int = 0
    unsent_requests: int = 0
    cpu_s: float = 0.0
    seen: tuple[Seen, ...] = ()

    @property
    def outcomes(self) -> Counter[Outcome]:
        """Outcomes over all routes."""
        return sum((route.outcomes for route in self.routes.values()), Counter())

    @property
    def latency_ms(self) -> NDArray[np.float64]:
        """Latencies of all routes together."""
        return np.concatenate([route.latency_ms for route in self.routes.values()] or [np.empty(0)])

    def percentile(self, q: float) -> float:
        """The exact q-th percentile (0-100) of the latency over all routes in milliseconds."""
        latencies = self.latency_ms
        return float(np.percentile(latencies, q)) if latencies.size else float("nan")

    def save(self, directory: Path) -> None:
        """Write `result.json` (totals) and `latencies.npz` (arrays) into `directory`."""
        directory.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, NDArray[Any]] = {"lateness_ms": self.lateness_ms}
        for name, route in self.routes.items():
            arrays |= {
                f"{name}/planned": route.planned,
                f"{name}/latency_ms": route.latency_ms,
                f"{name}/codes": route.codes,
                f"{name}/staleness_s": route.staleness_s,
            }
        with (directory / "latencies.npz").open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        summary = {
            "format_version": FORMAT_VERSION,
            **{name: getattr(self, name) for name in _SCALARS},
            "routes": {
                name: {
                    "outcomes": {str(key): count for key, count in route.outcomes.items()},
                    "complaints": list(route.complaints),
                }
                for name, route in self.routes.items()
            },
            "seen": [asdict(each) for each in self.seen],
        }
        partial = directory / "result.json.part"
        partial.write_text(json.dumps(summary, indent=1) + "\n")
        partial.rename(directory / "result.json")

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            UserError: the directory holds no complete result.
        """
        try:
            summary = json.loads((directory / "result.json").read_text())
            with np.load(directory / "latencies.npz", allow_pickle=False) as arrays:
                data = dict(arrays)
        except (OSError, ValueError) as error:
            raise UserError(
                f"There is no complete traffic result: {error}",
                where=str(directory),
                next_step="The run was cut short; run it again.",
            ) from error
        routes = {
            name: RouteResult(
                route=name,
                planned=data[f"{name}/planned"],
                latency_ms=data[f"{name}/latency_ms"],
                codes=data[f"{name}/codes"],
                staleness_s=data[f"{name}/staleness_s"],
                outcomes=Counter({Outcome(key): count for key, count in entry["outcomes"].items()}),
                complaints=tuple(entry["complaints"]),
            )
            for name, entry in summary["routes"].items()
        }
        return cls(
            routes=routes,
            lateness_ms=data["lateness_ms"],
            seen=tuple(Seen(**each) for each in summary.get("seen", ())),
            **{name: summary[name] for name in _SCALARS},
        )


_SCALARS = (
    "started",
    "ended",
    "planned_requests",
    "sent_requests",
    "kept_schedule",
    "stopped_early",
    "held_requests",
    "unsent_requests",
    "cpu_s",
)
