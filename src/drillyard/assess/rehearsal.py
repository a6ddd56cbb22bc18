"""A rehearsal: what the learner's runbook makes of empty hosts and of what the shop keeps off site.

Nothing is read in any configuration: the runbook is run on a stand-in for the range that has nothing else
(`drill/rehearsal.py`), and the shop that comes of it is held against what there was. A backup that cannot be
restored counts as none.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from drillyard.assess.answers_seen import TRUE_SHARE
from drillyard.assess.audit import ROWS
from drillyard.assess.recoveries import SHARES
from drillyard.assess.recovery import Looks
from drillyard.measure.reading import Combine, Gap, Reading, Unit, Window
from drillyard.measure.source import Described

PREFIX = "rehearsal."
RESTORED, SECONDS, LOST, POINT, TRIED, BOUGHT, GONE, ROWS_LOST, CONFIGURATION, UNTRUE = DESCRIBES = (
    Described("rehearsal.restored", Unit.COUNT, Combine.LAST),
    Described("rehearsal.seconds", Unit.SECONDS, Combine.LAST),
    Described("rehearsal.orders_lost", Unit.COUNT, Combine.LAST),
    Described("rehearsal.recovery_point", Unit.SECONDS, Combine.LAST),
    Described("rehearsal.tried_before", Unit.COUNT, Combine.LAST),
    Described("rehearsal.bought_before", Unit.COUNT, Combine.LAST),
    Described("rehearsal.objects_gone", Unit.COUNT, Combine.LAST),
    Described("rehearsal.rows_lost", Unit.COUNT, Combine.LAST),
    Described("rehearsal.files_differing", Unit.COUNT, Combine.LAST),
    Described("rehearsal.pages_untrue", Unit.COUNT, Combine.LAST),
)
_DATABASE = ("orders", "catalog", "rows")
"""What is looked at in the database: without it there is no shop, whatever a page shows."""
SOURCE = "the runbook, run on empty hosts with a copy of $OFFSITE"


@dataclass(frozen=True)
class Rehearsed:
    """What was seen. `began` is when everything but the off-site storage was lost (seconds since the epoch).

    `seconds` is the time from the first command of the runbook to the first page of the shop after its last
    one; None when none came. `failure` says why the runbook did not come to its end. `tried` and `bought`
    are orders of the minute before; `differing` files of the configuration that are not in force as they
    were. `looks` is what was found in the shop's tables, None when it was not looked for. `not_held` says why
    there was no rehearsal at all; `archive`, how the archive of the log stood before.
    """

    began: float
    ended: float
    seconds: float | None = None
    failure: str = ""
    tried: int = 0
    bought: int = 0
    differing: tuple[str, ...] = ()
    looks: Looks | None = None
    not_held: str = ""
    archive: str = ""

    @property
    def restored(self) -> bool:
        """Whether the runbook came to its end, the shop shows a page, and its database can be looked at."""
        return not self.why

    @property
    def why(self) -> str:
        """Why it is not restored; empty when it is."""
        if self.failure:
            return self.failure
        if self.seconds is None:
            return "after its last command the shop shows no page"
        unlooked = self.looks.unlooked if self.looks else {}
        return next((f"{what}: {unlooked[what]}" for what in _DATABASE if what in unlooked), "")

    @property
    def rows_lost(self) -> dict[str, float]:
        """By reading: rows of the start of the drill that are gone or changed."""
        found = self.looks.readings if self.looks else {}
        return {name: count for name, count in found.items() if name.startswith(ROWS) and count}

    def readings(self) -> tuple[list[Reading], list[Gap]]:
        """As a measurement keeps them."""
        if self.not_held:
            return [], [Gap(PREFIX, self.not_held)]
        readings = [
            self._reading(RESTORED, float(self.restored), f"{SOURCE}: {self.why}" if self.why else SOURCE)
        ]
        if not self.restored:
            return readings, [Gap(PREFIX, f"the runbook did not bring the shop back: {self.why}")]
        readings += [self._reading(TRIED, self.tried), self._reading(BOUGHT, self.bought)]
        readings.append(self._reading(SECONDS, self.seconds or 0.0))
        named = ", ".join(self.differing[:5])
        readings.append(self._reading(CONFIGURATION, len(self.differing), f"{SOURCE}; {named}"))
        looks = self.looks
        if looks is None:
            return readings, [Gap(PREFIX, "the shop was not looked at")]
        readings += self._of_the_shop(looks)
        gaps = [Gap(PREFIX, f"{what} could not be looked at: {why}") for what, why in looks.unlooked.items()]
        return readings, gaps

    def _of_the_shop(self, looks: Looks) -> Iterator[Reading]:
        """Orders, catalog, rows, and the pages where they could be looked at."""
        yield self._reading(LOST, len(looks.reckoning.lost))
        yield self._reading(POINT, looks.reckoning.recovery_point_s, f"{SOURCE}; {self.archive}")
        yield self._reading(GONE, len(looks.gone), f"{SOURCE}; {', '.join(looks.gone[:5])}")
        rows = self.rows_lost
        yield self._reading(ROWS_LOST, sum(rows.values()), f"{SOURCE}; {', '.join(rows)}")
        shares = {name: share for name, share in looks.readings.items() if name.startswith(SHARES)}
        if shares:
            untrue = [name.removeprefix(SHARES) for name, share in shares.items() if share < TRUE_SHARE]
            yield self._reading(UNTRUE, len(untrue), f"{SOURCE}; {', '.join(untrue)}")

    def _reading(self, what: Described, value: float, source: str = SOURCE) -> Reading:
        window = Window(self.began, self.ended)
        return Reading(what.name, float(value), what.unit, window, source.rstrip("; "), combine=what.combine)
