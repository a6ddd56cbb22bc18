"""A payment partner that is slow, fails, lies or limits, by its own switches (`PUT /control`)."""

from collections.abc import Iterable
from typing import ClassVar

from pydantic import Field

from drillyard.faults.fault import Fault, Memory, Moves
from drillyard.faults.scene import Scene


class _Partner(Fault):
    """Switches of the partner."""

    within_s: ClassVar[float] = 40.0
    """Failed charges are tried again after a growing wait."""

    def switches(self) -> Memory:
        """Those that it sets (`storefront.partner.Control`)."""
        return {name: value for name, value in self.model_dump().items() if value is not None}

    def claims(self, scene: Scene) -> Iterable[str]:
        """Each switch."""
        return [f"partner:{name}" for name in self.switches()]

    async def look(self, scene: Scene) -> Memory:
        """Those switches as they are."""
        now = await _control(scene)
        return {name: now[name] for name in self.switches()}

    async def begin(self, scene: Scene, memory: Memory) -> None:
        """The others stay as they are."""
        await _set(scene, self.switches())

    async def is_there(self, scene: Scene, memory: Memory) -> bool:
        """The switches are as it set them; a partner that was started again has its usual ones."""
        now = await _control(scene)
        return all(now.get(name) == value for name, value in self.switches().items())

    async def end(self, scene: Scene, memory: Memory) -> None:
        """As they were; a partner that was started again since has the usual ones."""
        await _set(scene, memory)


async def _control(scene: Scene) -> Memory:
    async with scene.http("partner") as partner:
        found: Memory = (await partner.get("/control")).raise_for_status().json()
        return found


async def _set(scene: Scene, switches: Memory) -> None:
    async with scene.partner_lock, scene.http("partner") as partner:
        wanted = {**await _control(scene), **switches}
        (await partner.put("/control", json=wanted)).raise_for_status()


class Slow(_Partner):
    """Each charge takes longer. Nothing fails by it but what has a shorter timeout."""

    id = "dependency.partner-slow"
    title = "The payment partner is slow"
    undone = "its switches are as they were"
    moves = (Moves("jobs.duration.charge_payment"),)

    delay_ms: int = Field(default=1500, ge=0, le=120_000, description="Milliseconds before each answer.")
    jitter_ms: int = Field(default=0, ge=0, le=120_000, description="Up to so many more.")


class Failing(_Partner):
    """A share of the charges is answered with an error (500); nothing was charged then. A charge that fails
    until its job is given up stays a dead letter.
    """

    id = "dependency.partner-failing"
    title = "The payment partner fails"
    undone = "its switches are as they were"
    moves = (Moves("jobs.failed.charge_payment"), Moves("business.payment_failures"))

    error_ratio: float = Field(default=0.5, gt=0, le=1, description="Share of charges.")


class Lying(_Partner):
    """A share of the charges is answered as made, and then forgotten: the shop believes that it was paid, and
    nobody finds the charge.
    """

    id = "dependency.partner-lying"
    title = "The payment partner acknowledges and forgets"
    undone = "its switches are as they were; what was forgotten stays so"
    moves = (Moves("partner.unkept"),)

    forget_ratio: float = Field(default=0.5, gt=0, le=1, description="Share of charges.")


class RateLimiting(_Partner):
    """The partner takes only so many charges a second and refuses the others (429)."""

    id = "dependency.partner-rate-limiting"
    title = "The payment partner limits the rate"
    undone = "its switches are as they were"
    moves = (Moves("jobs.failed.charge_payment"), Moves("business.payment_failures"))

    rate_limit_per_s: float = Field(default=0.5, gt=0, le=10_000, description="Charges a second.")
