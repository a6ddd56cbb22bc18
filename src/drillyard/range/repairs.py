"""What an apply brings back beside what changed: files that were gone from a host."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from drillyard.range.member import Member, State


@dataclass(frozen=True)
class Repairs:
    """`put_back`: whose files had to be put back (components, or a place); `woken`: the components that had
    failed and were tried once more.
    """

    put_back: Collection[str]
    woken: Collection[str]

    def told(self, members: Iterable[Member]) -> tuple[str, ...]:
        """One line each, in words for people; `members` are the components as they are now."""
        known = {member.name: member for member in members}
        places = (f"{place}: was put back" for place in self.put_back if place not in known)
        return (*places, *(f"{name}: {said}" for name in known if (said := self._of(known[name]))))

    def _of(self, member: Member) -> str:
        return ", ".join(self._words(member))

    def _words(self, member: Member) -> Iterator[str]:
        put_back = member.name in self.put_back
        if put_back:
            yield "its configuration was put back"
        if member.name not in self.woken:
            return
        if member.state is State.READY:
            yield "it was started"
        elif member.state is not State.FAILED:
            yield "it is being started"
        elif put_back:
            yield f"it does not run yet: {member.reason.splitlines()[0] if member.reason else 'see its log'}"
