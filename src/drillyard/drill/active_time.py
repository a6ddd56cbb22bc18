"""Time that the learner really worked.

The clock begins when the range has first come up, and runs while the drill is not paused and the learner is
active. A command is activity; after `IDLE_AFTER_S` without one the clock stops until the next. So of a gap
between two commands at most `IDLE_AFTER_S` counts, and nothing of a pause.
"""

from collections.abc import Iterable

from drillyard.drill.events import (
    Activity,
    DaemonStarted,
    Entry,
    Paused,
    RangeStarted,
    Reset,
    Resumed,
    Stopped,
)

IDLE_AFTER_S = 15 * 60.0


def active_seconds(entries: Iterable[Entry], now: float) -> float:
    """Seconds of active time since the last reset, from a timeline in order, as of `now` (epoch seconds)."""
    total = 0.0
    last: float | None = None
    been_up = False
    for entry in entries:
        match entry.event:
            case Reset():
                total, last = 0.0, entry.at
            case RangeStarted() if not been_up:
                total, last, been_up = 0.0, entry.at, True
            case Activity() | Resumed():
                total += _gap(last, entry.at)
                last = entry.at
            case Paused() | Stopped():
                total += _gap(last, entry.at)
                last = None
            case DaemonStarted(recovered=True):
                total += _gap(last, entry.at)
                last = None
            case _:
                pass
    return total + _gap(last, now)


def _gap(last: float | None, at: float) -> float:
    return 0.0 if last is None else min(max(0.0, at - last), IDLE_AFTER_S)
