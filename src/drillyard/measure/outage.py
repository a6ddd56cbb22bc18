"""How long customers were without the shop.

The recovery time of an outage runs from the planned time of the first request that failed to the planned
time of the first good one from which on service *held*, as far as is known: in every `HELD_S` seconds since,
at least `HELD_REQUESTS` requests came, and of them one failed at most, or `TOLERATED` of many. A shop that
answers for a while between two restarts was not back. Times are planned times: requests that hang until they
time out belong to when customers asked. NIST SP 800-34 Rev. 1, 3.2.1 has the terms (recovery time objective:
how long a resource may be unavailable).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HELD_S = 10.0
HELD_REQUESTS = 20
TOLERATED = 0.001
UNASKED_S = 3.0


@dataclass(frozen=True)
class Outage:
    """`began` and `ended` are seconds since the epoch; None: it did not begin, or goes on.

    `asked` and `failed` count the requests that were planned while it lasted. `until` is up to when is known.
    """

    began: float | None
    ended: float | None
    asked: int
    failed: int
    until: float = 0.0

    @property
    def recovery_s(self) -> float | None:
        """How long it took; 0 when no customer noticed anything, None while it goes on."""
        if self.began is None:
            return 0.0
        return None if self.ended is None else self.ended - self.began

    def settled(self, at: float) -> bool:
        """Whether service holds up to now, and is known to for `HELD_S` after `at` (seconds since the epoch).

        It may have come back later than `at`: what had to be done may be done while load balancers and
        customers still find their way back.
        """
        back = self.began is None or self.ended is not None
        return back and self.until >= at + HELD_S


def outage(planned: NDArray[np.float64], good: NDArray[np.bool_], *, since: float, until: float) -> Outage:
    """The outage in these requests: `planned` (seconds since the epoch, ascending), and which were `good`.

    They begin with those in flight when something happened at `since`, and are complete up to `until`. When
    the first came only `UNASKED_S` later (the power had failed, customers could not even sign in), nobody was
    served before it.
    """
    unasked = until > since + UNASKED_S and not np.any(planned < since + UNASKED_S)
    bad = np.flatnonzero(~good)
    if not bad.size and not unasked:
        return Outage(None, None, 0, 0, until)
    first = -1 if unasked else int(bad[0])
    back = _back(planned, good, first, until)
    last = planned.size if back is None else back
    first = max(first, 0)
    return Outage(
        began=since if unasked else float(planned[first]),
        ended=None if back is None else float(planned[back]),
        asked=last - first,
        failed=int(np.count_nonzero(~good[first:last])),
        until=until,
    )


def _back(planned: NDArray[np.float64], good: NDArray[np.bool_], first: int, until: float) -> int | None:
    """The first good request after `first` from which on service holds as far as is known."""
    failed_before = np.concatenate(([0], np.cumsum(~good)))
    ends = np.searchsorted(planned, planned + HELD_S, side="right")
    asked = ends - np.arange(planned.size)
    failed = failed_before[ends] - failed_before[:-1]
    known = planned + HELD_S <= until
    held = (asked >= HELD_REQUESTS) & (failed <= np.maximum(1, TOLERATED * asked))
    not_held = np.flatnonzero(known & ~held)
    after = max(first, int(not_held[-1])) if not_held.size else first
    found = np.flatnonzero(known & held & good & (np.arange(planned.size) > after))
    return int(found[0]) if found.size else None
