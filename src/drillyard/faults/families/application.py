"""Requests that the shop itself delays or fails, route by route: its own chaos switches."""

from pydantic import Field

from drillyard.faults.fault import Memory, Moves, Name
from drillyard.faults.switches import Switched

ROUTE = "A path in which * stands for anything, such as /api/products/*."
REPLICAS = "Names of the replicas that do it; none: all."


class _OnRoute(Switched):
    """A rule for one route."""

    route: str = Field(default="/api/*", pattern=r"^/.{0,199}$", description=ROUTE)
    replicas: tuple[Name, ...] = Field(default=(), max_length=50, description=REPLICAS)

    def _rule(self, **what: float) -> list[Memory]:
        return [{"route": self.route, "replicas": list(self.replicas), **what}]


class Delay(_OnRoute):
    """Requests of a route wait in the replica before they are worked on, and hold nothing meanwhile."""

    id = "application.delay"
    title = "A route is slow"
    undone = "the switch is turned off"
    moves = (Moves("latency.p50"), Moves("shop.handling"))

    delay_ms: int = Field(default=200, ge=1, le=30_000, description="Milliseconds of delay.")
    jitter_ms: int = Field(default=0, ge=0, le=30_000, description="Up to so many milliseconds more.")

    def rules(self) -> list[Memory]:
        """One."""
        return self._rule(delay_ms=self.delay_ms, jitter_ms=self.jitter_ms)


class Errors(_OnRoute):
    """A share of a route's requests is answered with an error, at once."""

    id = "application.errors"
    title = "A route fails"
    undone = "the switch is turned off"
    moves = (Moves("shop.errors_ratio"), Moves("requests.success_ratio", "down"))

    error_ratio: float = Field(default=0.2, gt=0, le=1, description="Share of requests.")
    status: int = Field(default=503, ge=500, le=599, description="The HTTP status.")

    def rules(self) -> list[Memory]:
        """One."""
        return self._rule(error_ratio=self.error_ratio, status=self.status)
