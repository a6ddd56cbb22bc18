"""Faults that are on now: begun one by one, ended by their time, on request, by a guard, or after a crash.

Before anything is done to the range, a record is written of what will be done and how it is undone. The
record goes when the fault is undone; one that is found at a start was left by a daemon that died, and the
fault is undone then. Undoing that fails is tried again until it works.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict, JsonValue

from drillyard.base.clock import monotonic, wall
from drillyard.base.errors import UserError
from drillyard.base.tasks import ended, to_its_end
from drillyard.faults.catalog import fault_of
from drillyard.faults.fault import Fault, Memory
from drillyard.faults.scene import Scene

log = logging.getLogger(__name__)

LONGEST_S = 600.0
"""No fault lasts longer."""
_GUARD_EVERY_S = 0.5
_AGAIN_S = 2.0
_TRY_S = 60.0
"""So long one try to undo a fault may take."""
_LAST_TRY_S = 8.0
"""The same when the range is about to stop: what is left then is undone at its next start."""

OVER, ASKED, SPENT, LEFT = "its time was over", "ended on request", "error budget spent", "left by a crash"
TAKEN = "somebody else took it away"


class Injection(BaseModel):
    """A fault that is on. Times are seconds since the epoch."""

    model_config = ConfigDict(frozen=True)

    number: int
    kind: str
    parameters: dict[str, JsonValue]
    began: float
    duration_s: float
    claims: tuple[str, ...] = ()
    memory: Memory = {}

    @property
    def fault(self) -> Fault:
        """What it is.

        Raises:
            UserError: such a fault is not known any more.
        """
        return fault_of(self.kind, self.parameters)


Guard = Callable[[Injection], Awaitable[str]]
"""Says why a fault has to end now; empty as long as it may go on."""
Told = Callable[[Injection, str], None]
"""Hears that a fault is on (with nothing), and that it is over (with why)."""


async def unguarded(_: Injection) -> str:
    """Goes on until its time is over."""
    return ""


@dataclass
class _Running:
    injection: Injection
    why: str = ASKED
    written: bool = False
    task: asyncio.Task[None] | None = None
    begun: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Injector:
    """The faults of one range that runs. `directory` keeps a record of each that is on."""

    def __init__(self, scene: Scene, directory: Path, told: Told = lambda _injection, _why: None) -> None:
        self._scene = scene
        self._directory = directory
        self._told = told
        self._running: dict[int, _Running] = {}
        self._last = 0
        self._closing = False
        self.over_at = 0.0
        """When the last one was over (monotonic clock)."""

    @property
    def on(self) -> tuple[Injection, ...]:
        """Those that are on now, or could not be undone yet; oldest first."""
        return tuple(each.injection for each in self._running.values())

    async def inject(
        self, kind: str, parameters: dict[str, JsonValue], duration_s: float, guard: Guard = unguarded
    ) -> Injection:
        """Begin a fault; returns when it is on. It ends after `duration_s`, or when `guard` says why.

        Raises:
            UserError: there is no such fault, it cannot be done here, something else has what it needs, or it
                did not come about; nothing of it is left then.
        """
        fault = fault_of(kind, parameters)
        if not 0 < duration_s <= LONGEST_S:
            raise UserError(
                f"A fault lasts at most {LONGEST_S:.0f} seconds, not {duration_s:g}",
                next_step="Inject it again when it is over.",
            )
        self._require_network(fault)
        claims = tuple(fault.claims(self._scene))
        self._require_free(claims)
        injection = Injection(
            number=self._next(),
            kind=kind,
            parameters=fault.model_dump(mode="json"),
            began=wall(),
            duration_s=duration_s,
            claims=claims,
        )
        running = self._running[injection.number] = _Running(injection)  # its claims are taken from here on
        running.task = asyncio.create_task(self._run(running, fault, guard))
        try:
            await asyncio.shield(running.begun)
        except UserError:
            await asyncio.wait([running.task], timeout=_TRY_S)  # what was done is undone, or tried on
            raise
        return running.injection

    async def end(self, number: int) -> None:
        """End one now; returns when it is undone.

        Raises:
            UserError: none of that number is on, or it could not be undone yet; that is tried on.
        """
        running = self._running.get(number)
        if running is None or running.task is None:
            raise UserError(f"No fault {number} is on", next_step="See: drill fault")
        running.task.cancel()
        await asyncio.wait([running.task], timeout=_TRY_S)
        if not running.task.done():
            raise UserError(
                f"Fault {number} ({running.injection.kind}) could not be undone yet",
                where="; ".join(running.injection.claims),
                next_step="It is tried on. What is in its way? See drill status and drill logs.",
            )

    async def close(self) -> None:
        """End all of them, because the range is about to stop: processes that stand still first, then the
        last first. What cannot be undone now has a record, and is undone at the next start.
        """
        self._closing = True
        held = [each for each in self._running.values() if _holds_a_process(each.injection)]
        rest = [each for each in reversed(self._running.values()) if each not in held]
        for running in (*held, *rest):
            if running.task:
                running.task.cancel()
                await asyncio.wait([running.task], timeout=2 * _LAST_TRY_S)

    def forget(self) -> None:
        """There is nothing left that could be undone: the data are new."""
        for file in self._directory.glob("[0-9]*.json"):
            file.unlink()

    async def restore(self) -> None:
        """Undo what a daemon that died left behind; the last first."""
        for file in sorted(self._directory.glob("[0-9]*.json"), reverse=True):
            try:
                injection = Injection.model_validate_json(file.read_bytes())
                fault = injection.fault
            except (ValueError, UserError) as error:
                log.warning("the record of a fault cannot be read, and is put aside: %s: %s", file, error)
                file.rename(file.with_suffix(".unread"))
                continue
            if why_not := await self._tried(injection, fault, _TRY_S):
                # The range has started, and this is still in the way: it is tried on, as one that is on.
                log.warning("fault %d (%s) is not undone yet: %s", injection.number, injection.kind, why_not)
                running = self._running[injection.number] = _Running(injection, LEFT, written=True)
                running.begun.set_result(None)
                running.task = asyncio.create_task(to_its_end(self._over(running, fault)))
            else:
                self._told(injection, LEFT)

    async def _run(self, running: _Running, fault: Fault, guard: Guard) -> None:
        """The whole life of a fault; whatever happens, it is undone."""
        try:
            memory = await fault.look(self._scene)
            running.injection = running.injection.model_copy(update={"memory": memory, "began": wall()})
            self._write(running.injection)
            running.written = True
            await to_its_end(fault.begin(self._scene, memory))
            self._told(running.injection, "")
            running.begun.set_result(None)
            running.why = await self._last_until(running, fault, guard)
        except asyncio.CancelledError:
            log.info("fault %d is ended: %s", running.injection.number, running.why)
        except Exception as error:
            running.why = f"it broke: {error or type(error).__name__}"
            if not running.begun.done():
                running.begun.set_exception(_refused(running.injection, error))
        await to_its_end(self._over(running, fault))

    async def _over(self, running: _Running, fault: Fault) -> None:
        """Undo it, until that has worked; when the range is about to stop, once."""
        injection = running.injection
        try:
            while running.written:
                why_not = await self._tried(injection, fault, _LAST_TRY_S if self._closing else _TRY_S)
                if not why_not:
                    break
                log.warning("fault %d (%s) is not undone: %s", injection.number, injection.kind, why_not)
                if self._closing:
                    running.why = f"{running.why}; it is undone at the next start"
                    break
                await asyncio.sleep(_AGAIN_S)
            self.over_at = monotonic()
        finally:
            del self._running[injection.number]
            if running.begun.done():
                if not running.begun.exception():
                    self._told(injection, running.why)
            else:
                running.begun.set_exception(_refused(injection, "it was ended at once"))

    async def _last_until(self, running: _Running, fault: Fault, guard: Guard) -> str:
        """Let it last; why it is over."""
        injection = running.injection
        tasks = (
            asyncio.create_task(_watch(injection, guard)),
            asyncio.create_task(self._while_there(fault, injection.memory)),
            asyncio.create_task(fault.during(self._scene, injection.memory)),
        )
        try:
            done, _ = await asyncio.wait(
                tasks, timeout=injection.duration_s, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                if said := task.result():
                    return said
        finally:
            if left := await to_its_end(ended(tasks)):
                log.warning(
                    "fault %d (%s): %d of its tasks go on", injection.number, injection.kind, len(left)
                )
        return OVER

    async def _while_there(self, fault: Fault, memory: Memory) -> str:
        """Returns when somebody else has taken it away."""
        while True:
            await asyncio.sleep(_GUARD_EVERY_S)
            try:
                if not await fault.is_there(self._scene, memory):
                    return TAKEN
            except Exception as error:
                log.debug("a fault cannot be looked at: %s", error)

    async def _tried(self, injection: Injection, fault: Fault, within_s: float) -> str:
        """Undo it once; why that did not work, or nothing."""
        try:
            async with asyncio.timeout(within_s):
                await fault.end(self._scene, injection.memory)
        except Exception as error:
            return str(error).strip() or type(error).__name__
        self._scene.absolve()
        self._file(injection.number).unlink(missing_ok=True)
        return ""

    def _require_network(self, fault: Fault) -> None:
        if fault.networked and not self._scene.range.settings.network:
            raise UserError(
                "This scenario's shop has no network that faults could be put into",
                next_step="Of the others: drill fault list",
            )

    def _require_free(self, claims: Iterable[str]) -> None:
        for other in self.on:
            if both := sorted(set(claims) & set(other.claims)):
                raise UserError(
                    f"Fault {other.number} ({other.kind}) is on and has {', '.join(both)}",
                    next_step=f"Wait until it is over, or end it: drill fault end {other.number}",
                )

    def _next(self) -> int:
        kept = (int(file.stem) for file in self._directory.glob("[0-9]*.json"))
        self._last = 1 + max((self._last, *kept))
        return self._last

    def _write(self, injection: Injection) -> None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = self._file(injection.number)
        partial = file.with_suffix(".part")
        partial.write_text(injection.model_dump_json(indent=1), encoding="utf-8")
        partial.replace(file)

    def _file(self, number: int) -> Path:
        return self._directory / f"{number:04}.json"


def _holds_a_process(injection: Injection) -> bool:
    return any(claim.startswith("process:") for claim in injection.claims)


async def _watch(injection: Injection, guard: Guard) -> str:
    while True:
        if said := await guard(injection):
            return said
        await asyncio.sleep(_GUARD_EVERY_S)


def _refused(injection: Injection, why: object) -> UserError:
    if isinstance(why, UserError):
        return why
    said = str(why).strip() or type(why).__name__
    return UserError(
        f"The fault {injection.kind} did not come about: {said}",
        next_step="What was done of it is undone; see: drill fault",
    )
