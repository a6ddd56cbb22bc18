"""A fault: something that is wrong with a running range for a while, and then is not.

A fault is its parameters: a frozen model whose fields have units in their names and bounds. It looks first
(`look`) and notes what has to be known to undo it, as JSON; whoever injects it keeps that before anything is
done, so that a fault whose daemon died in the middle is undone by the next one. `end` therefore takes nothing
but what was noted, may be called twice, and also when the fault had only half begun.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from drillyard.faults.scene import Scene

Memory = dict[str, JsonValue]
"""What has to be known to undo a fault."""
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.-]{0,63}$")]


@dataclass(frozen=True)
class Moves:
    """A reading (`docs/readings.md`) that a fault is known to move under load, and which way."""

    reading: str
    way: Literal["up", "down"] = "up"


class Fault(BaseModel, ABC):
    """One kind of fault, with the parameters of one injection.

    The docstring of a subclass is its paragraph in the documentation. `moves` are readings that it moves, one
    at least in every run of `tests/integration/faults`; `within_s` is how soon after its end the range is as
    it was, with what is bounded by a setting of the shop or of the load balancer on top of it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: ClassVar[str]
    title: ClassVar[str]
    undone: ClassVar[str]
    """How it is undone, in words."""
    moves: ClassVar[tuple[Moves, ...]]
    within_s: ClassVar[float] = 20.0
    networked: ClassVar[bool] = False
    """Whether it needs a range with a network (`range.network` in the manifest)."""

    @abstractmethod
    def claims(self, scene: Scene) -> Iterable[str]:
        """What it needs for itself while it lasts, as `what:name`: two faults that claim the same are not
        injected together.

        Raises:
            UserError: a parameter names something that this range does not have.
        """

    async def look(self, scene: Scene) -> Memory:
        """Note what has to be known to undo it. Nothing is changed yet.

        Raises:
            UserError: it cannot be done here and now; says why.
        """
        return {}

    @abstractmethod
    async def begin(self, scene: Scene, memory: Memory) -> None:
        """Do it."""

    async def during(self, scene: Scene, memory: Memory) -> None:
        """What goes on while it lasts; it is cancelled at the end."""
        await asyncio.Event().wait()

    async def is_there(self, scene: Scene, memory: Memory) -> bool:
        """Whether what was done is still so; False when somebody else has taken it away. It is asked all the
        while; one that cannot be looked at is there.
        """
        return True

    @abstractmethod
    async def end(self, scene: Scene, memory: Memory) -> None:
        """Undo it."""
