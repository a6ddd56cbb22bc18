"""`drill apply`: judge every changed file, then put the workspace to use as a release; or change nothing."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from drillyard.base.clock import monotonic, until
from drillyard.base.errors import DeadlineError, UserError
from drillyard.range.addresses import Addresses
from drillyard.range.apply_plan import Changes, check, plan, unreached_replicas
from drillyard.range.apply_rollout import Rollout
from drillyard.range.component import Component
from drillyard.range.components.http_probe import status_of
from drillyard.range.credentials import Credentials
from drillyard.range.releases import Release, Releases
from drillyard.range.spec import RangeSpec
from drillyard.range.supervisor import Supervisor
from drillyard.range.workspace import FileChange

__all__ = ["ApplyReport", "Changes", "Fleet", "RolledBackError", "apply", "plan"]

Say = Callable[[str], None]
_SERVED_WITHIN_S = 3.0


class Fleet(Protocol):
    """What an apply needs of a running range."""

    @property
    def addresses(self) -> Addresses:
        """Of this range."""

    @property
    def credentials(self) -> Credentials:
        """Of this range."""

    @property
    def supervisor(self) -> Supervisor:
        """Runs its components."""

    @property
    def releases(self) -> Releases:
        """What was applied so far; one is in force."""

    def component(self, name: str, spec: RangeSpec) -> Component:
        """The component called `name`, as it is in a range of this allocation."""

    async def publish(self, release: Release) -> None:
        """Lay the files of a release out where operators and their schedules read them."""


@dataclass(frozen=True)
class ApplyReport:
    """What an apply did. `release` counts up; it stays the same when nothing had changed."""

    release: int
    files: tuple[FileChange, ...]
    actions: tuple[str, ...]
    notices: tuple[str, ...]
    seconds: float


class RolledBackError(UserError):
    """Every file was good, and the range did not come up with them; what ran before was put back."""


async def apply(fleet: Fleet, workspace: Path, say: Say = lambda _: None) -> ApplyReport:
    """Put the workspace to use.

    Raises:
        InvalidFilesError: a changed file is bad; nothing was changed.
        RolledBackError: a component did not come up; the previous release is in force again.
    """
    began = monotonic()
    releases = fleet.releases
    current = releases.current
    candidate = await asyncio.to_thread(releases.add, workspace)
    try:
        changes = plan(candidate.directory, current.directory)
        if changes.empty:
            releases.abandon(candidate)
            return ApplyReport(current.number, (), (), (), monotonic() - began)
        say(f"checking {len(changes.files)} changed {'file' if len(changes.files) == 1 else 'files'}")
        members = [member.component for member in fleet.supervisor.members.values()]
        dsn = fleet.credentials.dsn("shop_app", fleet.addresses)
        notices = await check(changes, candidate, members, fleet.addresses, dsn)
    except BaseException:
        releases.abandon(candidate)
        raise
    notices += unreached_replicas(candidate, changes.after, fleet.addresses)
    releases.begin(candidate)
    try:
        actions = await _roll_out(fleet, candidate, current, changes, say)
    except BaseException:
        releases.abandon(candidate)
        raise
    releases.put_in_force(candidate)
    return ApplyReport(candidate.number, changes.files, actions, notices, monotonic() - began)


async def _roll_out(
    fleet: Fleet, candidate: Release, current: Release, changes: Changes, say: Say
) -> tuple[str, ...]:
    served = await _serves(fleet)
    rollout = Rollout(fleet.supervisor, fleet.component, say)
    try:
        # First: what a component is told to run (an archive_command, say) may be a file of this release.
        await fleet.publish(candidate)
        await rollout.run(candidate, changes)
        if served:
            await _still_serves(fleet)
    except BaseException as error:
        # Also when the learner interrupts it: half a release is not an outcome.
        say("putting the previous release back")
        await asyncio.shield(_roll_back(fleet, rollout, current, changes, error))
        if isinstance(error, UserError):
            raise RolledBackError(
                f"The new release did not come up, and the previous one was put back. {error.what}",
                where=error.where,
                next_step=error.next_step,
            ) from error
        raise
    return tuple(rollout.done)


async def _roll_back(
    fleet: Fleet, tried: Rollout, current: Release, changes: Changes, cause: BaseException
) -> None:
    back = Rollout(fleet.supervisor, fleet.component, back_from=tried)
    reverse = replace(changes, before=changes.after, after=changes.before)
    unpublished: UserError | None = None
    try:
        await fleet.publish(current)
    except UserError as error:  # the components come first all the same
        unpublished = error
    try:
        await back.run(current, reverse)
    except UserError as error:
        raise UserError(
            f"The new release did not come up ({cause}), and the previous one does not either: {error.what}",
            where=error.where,
            next_step="See drill status and drill logs; drill stop and drill start begin afresh.",
        ) from cause
    if unpublished is not None:
        raise UserError(
            f"The new release did not come up ({cause}), and the previous one is in force again, but not laid"
            f" out for operators: {unpublished.what}",
            where=unpublished.where,
            next_step="When it can be written: drill apply",
        ) from cause


async def _serves(fleet: Fleet) -> bool:
    return 200 <= await status_of(fleet.addresses.endpoint("http"), "/healthz") < 500


async def _still_serves(fleet: Fleet) -> None:
    try:
        await until(
            lambda: _serves(fleet), deadline_s=_SERVED_WITHIN_S, what="the shop answers", every_s=0.05
        )
    except DeadlineError:
        raise UserError(
            "Customers got no answer with it, though every component runs",
            where=f"http://{fleet.addresses.endpoint('http')}/healthz",
            next_step="Look at what changed in haproxy/haproxy.cfg first: bind, backend, server lines.",
        ) from None
