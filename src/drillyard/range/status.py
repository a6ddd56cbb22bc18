"""How a range is: one line a component."""

from collections.abc import Sequence
from dataclasses import dataclass

import psutil

from drillyard.range import journal
from drillyard.range.member import Member, State


@dataclass(frozen=True)
class ComponentStatus:
    """One component now.

    `since` is when it entered its state (seconds since the epoch); `pss_bytes` its proportional memory with
    all its children (0 when it does not run or cannot be read); `last_errors` lines of its log.
    """

    name: str
    kind: str
    state: State
    reason: str
    pid: int
    since: float
    restarts: int
    essential: bool
    pss_bytes: int
    last_errors: tuple[str, ...]


@dataclass(frozen=True)
class RangeStatus:
    """All components, in order of start; the nursery's memory counts towards the range."""

    components: tuple[ComponentStatus, ...]
    nursery_pid: int
    nursery_pss_bytes: int

    @property
    def serving(self) -> bool:
        """Whether every component that customers need is ready."""
        return bool(self.components) and all(
            component.state is State.READY for component in self.components if component.essential
        )

    @property
    def pss_bytes(self) -> int:
        """Memory of the whole range."""
        return self.nursery_pss_bytes + sum(component.pss_bytes for component in self.components)


def status_of(members: Sequence[Member], nursery_pid: int) -> RangeStatus:
    """Blocking for some milliseconds: the kernel counts every page for PSS."""
    return RangeStatus(
        tuple(_component(member) for member in members), nursery_pid, _pss(nursery_pid) if nursery_pid else 0
    )


def _component(member: Member) -> ComponentStatus:
    component = member.component
    troubled = member.state in (State.DOWN, State.FAILED, State.KEPT_DOWN) or member.restarts > 0
    return ComponentStatus(
        name=component.name,
        kind=component.kind,
        state=member.state,
        reason=member.reason,
        pid=member.pid,
        since=member.since,
        restarts=member.restarts,
        essential=component.essential,
        pss_bytes=pss_of_tree(member.pid) if member.pid else 0,
        last_errors=tuple(journal.complaints(component.site.log)) if troubled else (),
    )


def pss_of_tree(pid: int) -> int:
    """Proportional set size of a process and all below it, in bytes; 0 when it is gone."""
    try:
        below = psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return 0
    return _pss(pid) + sum(_pss(process.pid) for process in below)


def _pss(pid: int) -> int:
    """From /proc/PID/smaps_rollup (proc(5)); the resident size where that cannot be read."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            for line in file:
                if line.startswith("Pss:"):
                    return int(line.split()[1]) << 10
    except OSError:
        pass  # not Linux, not permitted, or gone: what is left to ask is below
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0
