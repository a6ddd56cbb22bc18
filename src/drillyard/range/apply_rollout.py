"""Putting one release in the place of another on a running range, part by part, and failing no customer."""

import asyncio
import signal
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import replace

from drillyard.base.errors import UserError
from drillyard.range.addresses import MAX_REPLICAS, Endpoint
from drillyard.range.apply_plan import Changes
from drillyard.range.component import Component, Reload
from drillyard.range.components.network import Network
from drillyard.range.components.prometheus import Prometheus
from drillyard.range.holding import held
from drillyard.range.member import State
from drillyard.range.releases import PART_OF_KIND, Release
from drillyard.range.rolling import drain, rolling_restart
from drillyard.range.spec import RangeSpec
from drillyard.range.supervisor import Supervisor

Make = Callable[[str, RangeSpec], Component]
"""A component of this range by its name, for a range of this allocation."""
Say = Callable[[str], None]


class Rollout:
    """From one release to another.

    `done` lists what was done, in words for people; `touched` names the components that took new files, or
    began to; `down` those that did not run before. `back_from` another: its way back, on which running
    components that it did not touch are left alone.
    """

    def __init__(
        self,
        supervisor: Supervisor,
        make: Make,
        say: Say = lambda _: None,
        *,
        back_from: "Rollout | None" = None,
    ) -> None:
        self._supervisor = supervisor
        self._make = make
        self._say = say
        self.done: list[str] = []
        self.touched: set[str] = set()
        self._only: Set[str] | None = back_from.touched if back_from else None
        self.down: Set[str] = back_from.down if back_from else self._not_ready()

    async def run(self, release: Release, changes: Changes) -> None:
        """Install the files of every changed part and have each component take them.

        The order keeps customers served: what is needed comes up before HAProxy sends requests there, what is
        not needed goes when HAProxy sends none any more. What did not run before gets its files, and may go
        on not running: whoever repairs a shop puts its configuration back before its data.

        Raises:
            UserError: a component that ran before did not come up.
        """
        for member in self._supervisor.members.values():
            if PART_OF_KIND.get(member.component.kind) in changes.parts:
                release.install(member.component.kind, member.component.site)
        if changes.scaled:
            await self._links(changes.before, changes.after)
        await self._server("postgres", changes)
        await self._server("valkey", changes)
        await self._add(release, changes, _missing(_replicas(changes.after), _replicas(changes.before)))
        await self._replicas(release, changes)
        await self._workers(release, changes)
        await self._helpers(changes)
        await self._reload("haproxy", changes)
        await self._remove_replicas(changes)
        await self._watchers(changes)
        if changes.scaled:
            await self._links(changes.after)

    async def _links(self, *specs: RangeSpec) -> None:
        """Have the network's links for ranges of these allocations, where there is a network."""
        member = self._supervisor.members.get("network")
        if member and isinstance(member.component, Network):
            member.component.write_links(*specs)
            await self._supervisor.reload("network")
            await member.component.linked()

    async def _server(self, name: str, changes: Changes) -> None:
        """PostgreSQL and Valkey: taken while they run, or restarted while customers and workers wait."""
        if name not in changes.parts or not self._touch(name):
            return
        component = self._supervisor.member(name).component
        if self._supervisor.member(name).state is not State.READY:
            await self._restart(name)
        elif await self._taken_live(component):
            self._note(f"{name}: reloaded")
        else:
            workers = [name for name in self._named("worker") if self._is_ready(name)]
            self.touched.update(workers)
            self._say("waiting for the workers to finish their jobs")
            await asyncio.gather(*(self._supervisor.shut(worker) for worker in workers))
            self._say(f"restarting {name}; customers wait a moment")
            async with held(self._supervisor, self._endpoints(_replicas(changes.before))):
                await self._restart(name)
            await asyncio.gather(*(self._restart(worker) for worker in workers))

    async def _taken_live(self, component: Component) -> bool:
        if component.reload is Reload.LIVE:
            return await component.reload_live()
        await self._supervisor.kill(component.name, component.reload_signal)
        return not await component.restart_pending()

    async def _replicas(self, release: Release, changes: Changes) -> None:
        """Those that stay: by a signal where that is enough, else one after the other."""
        if "storefront" not in changes.parts:
            return
        alone = changes.after.storefront_replicas == 1 and not self.down & set(_replicas(changes.before))
        if changes.restart and self._only is None and alone:
            await self._try_beside(release, changes)
        for name in _replicas(changes.before):
            if name not in _replicas(changes.after) or not self._touch(name):
                continue
            if name in self.down:
                await self._restart(name)
            elif changes.restart or self._supervisor.member(name).state is not State.READY:
                self._say(f"restarting {name}")
                await rolling_restart(self._supervisor, [name])
                self._note(f"{name}: restarted")
            else:
                await self._supervisor.kill(name, signal.SIGHUP)
                self._note(f"{name}: reloaded")

    async def _try_beside(self, release: Release, changes: Changes) -> None:
        """Customers are held while the only replica restarts: first see another come up with the release."""
        self._say("trying the release beside the only replica")
        most = replace(changes.after, storefront_replicas=MAX_REPLICAS)
        name = _replicas(most)[-1]
        await self._links(most)
        trial = self._make(name, most)
        release.install(trial.kind, trial.site)
        try:
            await self._supervisor.add(trial)
            await self._supervisor.remove(name)
        finally:
            await self._links(changes.before, changes.after)

    async def _workers(self, release: Release, changes: Changes) -> None:
        before, after = _workers(changes.before), _workers(changes.after)
        await asyncio.gather(*(self._stop_worker(name) for name in self._going(before, after)))
        if "storefront" in changes.parts:
            staying = [name for name in before if name in after and self._touch(name)]
            await asyncio.gather(*(self._renew_worker(name, changes) for name in staying))
        await self._add(release, changes, _missing(after, before))
        if self._only is not None:  # stopped for the sake of a server that did not come up
            down = [name for name in self._named("worker") if name in self._only and not self._is_ready(name)]
            await asyncio.gather(*(self._restart(name) for name in down))

    async def _stop_worker(self, name: str) -> None:
        self._say(f"stopping {name} when its jobs are done")
        await self._supervisor.remove(name)
        self._note(f"{name}: stopped")

    async def _renew_worker(self, name: str, changes: Changes) -> None:
        """All at the same time: jobs wait in their queues. A worker reads its queries only at its start."""
        if changes.restart or changes.queries or not self._is_ready(name):
            self._say(f"restarting {name} when its jobs are done")
            await self._restart(name)
        else:
            await self._supervisor.kill(name, signal.SIGHUP)
            self._note(f"{name}: reloaded")

    async def _helpers(self, changes: Changes) -> None:
        """Partner and mail sink read few settings, and take them at a start."""
        for name, section in (("partner", "partner."), ("mailsink", "mail.")):
            if any(setting.startswith(section) for setting in changes.settings) and self._touch(name):
                await self._restart(name)

    async def _reload(self, name: str, changes: Changes) -> None:
        member = self._supervisor.members.get(name)
        part = PART_OF_KIND.get(member.component.kind) if member else None
        if part in changes.parts and self._touch(name):
            if name in self.down:
                await self._restart(name)
                return
            self._say(f"reloading {name}")
            await self._supervisor.reload(name)
            self._note(f"{name}: reloaded")

    async def _remove_replicas(self, changes: Changes) -> None:
        for name in self._going(_replicas(changes.before), _replicas(changes.after)):
            self._say(f"stopping {name} when its requests are answered")
            await drain(self._supervisor, name)
            await self._supervisor.remove(name)
            self._note(f"{name}: stopped")

    async def _watchers(self, changes: Changes) -> None:
        member = self._supervisor.members.get("prometheus")
        if changes.scaled and member and isinstance(member.component, Prometheus):
            member.component.write_targets(changes.after)
        for name in ("prometheus", "alertmanager"):
            await self._reload(name, changes)
        for name in ("standby", "scheduler"):
            if name in self._supervisor.members and self._is_ready(name):
                await self._reload(name, changes)

    async def _add(self, release: Release, changes: Changes, names: Iterable[str]) -> None:
        for name in names:
            if name in self._supervisor.members:
                continue
            self._say(f"starting {name}")
            component = self._make(name, changes.after)
            release.install(component.kind, component.site)
            await self._supervisor.add(component)
            self._note(f"{name}: started")

    async def _restart(self, name: str) -> None:
        if name not in self._supervisor.members:
            return
        if name in self.down and (lacking := self._lacking(name)):
            self._note(f"{name}: waits for {', '.join(lacking)}")
            return
        try:
            await self._supervisor.restart(name)
        except UserError as error:
            if name not in self.down:
                raise
            self._note(f"{name}: does not run yet: {error.what}")
        else:
            self._note(f"{name}: restarted")

    def _not_ready(self) -> set[str]:
        return {name for name in self._supervisor.members if not self._is_ready(name)}

    def _lacking(self, name: str) -> list[str]:
        """What it requires and what does not run."""
        required = self._supervisor.member(name).component.requires
        return [each for each in required if each in self._supervisor.members and not self._is_ready(each)]

    def _touch(self, name: str) -> bool:
        """Whether there is such a component, and it is not to be left alone: then it counts as touched."""
        if name not in self._supervisor.members or (self._only is not None and name not in self._only):
            return False
        self.touched.add(name)
        return True

    def _going(self, names: Sequence[str], staying: Sequence[str]) -> list[str]:
        """Those of `names` that are to go; on the way back, one that never came up is not there."""
        return [name for name in _missing(names, staying) if name in self._supervisor.members]

    def _is_ready(self, name: str) -> bool:
        return self._supervisor.member(name).state is State.READY

    def _named(self, kind: str) -> list[str]:
        return [member.name for member in self._supervisor.members.values() if member.component.kind == kind]

    def _endpoints(self, names: Iterable[str]) -> Sequence[Endpoint]:
        members = [self._supervisor.members[name] for name in names if name in self._supervisor.members]
        return [member.component.site.addresses.endpoint(member.name) for member in members]

    def _note(self, what: str) -> None:
        self.done.append(what)
        self._say(what)


def _replicas(spec: RangeSpec) -> tuple[str, ...]:
    return spec.storefront_names


def _workers(spec: RangeSpec) -> tuple[str, ...]:
    return tuple(name for worker_type in spec.worker_processes for name in spec.worker_names(worker_type))


def _missing(names: Sequence[str], among: Sequence[str]) -> list[str]:
    """Those of `names` that `among` lacks; the last ones first, as they were added last."""
    return [name for name in reversed(names) if name not in among]
