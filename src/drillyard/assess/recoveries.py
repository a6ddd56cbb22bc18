"""What came of the disasters of a drill: the record of each, and what in it is not as it was before."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pydantic import TypeAdapter

from drillyard.assess.answers_seen import TRUE_SHARE
from drillyard.assess.reckoning import Fate
from drillyard.measure.outage import Outage

SHARES = "content.true."
"""How the names of readings begin that are shares of what must be shown."""
NUMBERS_REUSED = "recovery.numbers_reused"
_COUNTS = {
    "rows.lost.": "rows of the table {rest} gone or changed that were there at the start of the drill",
    "jobs.lost": "jobs neither done nor in a queue",
    "ledger.incomplete": "orders without lines, payment, mail or stock movement",
    NUMBERS_REUSED: "order numbers given to two customers",
    "promise.order_missing": "things missing of an order that was placed now",
}


@dataclass(frozen=True)
class Disastered:
    """A disaster that happened: what the drill kept when it struck. Times are seconds since the epoch."""

    number: int
    kind: str
    title: str
    graded: bool
    struck: float
    detail: str = ""
    catalog: frozenset[str] = frozenset()
    """What the database consisted of before."""
    missing: frozenset[str] = frozenset()
    """Keys of acknowledged orders that were not there before it either: no disaster took these."""
    archive: str = ""
    """How the archive of the log stood before it, in words."""
    happened: bool = False
    """Whether it was carried through."""


@dataclass(frozen=True)
class Recovery:
    """What came of one disaster. `by` is `hand` or `runbook`."""

    number: int
    kind: str
    title: str
    graded: bool
    by: str
    struck: float
    detail: str
    looked: float
    began: float | None
    ended: float | None
    asked: int
    failed: int
    fates: Mapping[str, int]
    recovery_point_s: float
    lost_cents: int
    missed_cents: int
    """What would have been sold while the shop was away, at the rate of before."""
    readings: Mapping[str, float] = field(default_factory=dict)
    """What audit and probes found, by the names of `docs/readings.md`."""
    gone: tuple[str, ...] = ()
    """Objects of the database that were there before; sequences that are behind."""
    lost_keys: tuple[str, ...] = ()
    """Of the orders that are lost: whoever looks for orders later leaves them out."""
    happened: bool = True
    """Whether the disaster was carried through: one that was cut short proves nothing."""
    tried_before: int = 0
    bought_before: int = 0
    """Orders that customers tried to place shortly before, and those that they got: a shop that takes no
    orders loses none.
    """
    archive: str = ""
    """How the archive of the log stood before, in words."""
    unlooked: Mapping[str, str] = field(default_factory=dict)
    """What could not be looked at, and why, by the beginning of its readings' names."""

    @property
    def recovery_s(self) -> float | None:
        """The recovery time; 0 when no customer noticed, None when service does not hold."""
        return Outage(self.began, self.ended, self.asked, self.failed).recovery_s

    @property
    def lost(self) -> int:
        """Acknowledged orders that are gone."""
        return self.fates.get(Fate.LOST, 0)


_RECOVERY: TypeAdapter[Recovery] = TypeAdapter(Recovery)


def to_json(recovery: Recovery) -> str:
    """For the drill's own store."""
    return _RECOVERY.dump_json(recovery, indent=1).decode()


def from_json(text: str) -> Recovery:
    """What `to_json` wrote.

    Raises:
        ValueError: it is something else.
    """
    return _RECOVERY.validate_json(text)


def findings(recovery: Recovery) -> Iterator[str]:
    """What is not as it was before, in words; lost orders are a figure of their own."""
    if phantoms := recovery.fates.get(Fate.PHANTOM, 0):
        yield f"{phantoms} orders are there whose customers were told no"
    for name, value in sorted(recovery.readings.items()):
        for prefix, words in _COUNTS.items():
            if name.startswith(prefix) and value:
                yield f"{words.format(rest=name.removeprefix(prefix))}: {value:.0f}"
        if name.startswith(SHARES) and value < TRUE_SHARE:
            kind = name.removeprefix(SHARES).replace("_", " ")
            yield f"only {value:.0%} of what must be shown is shown: {kind}"
    yield from (f"gone: {each}" for each in recovery.gone)
