"""What the shop takes for the time: the machine's clock, unless a chaos switch moves it."""

import time

_skew_s = 0.0


def now() -> float:
    """Seconds since the epoch, as this process believes."""
    return time.time() + _skew_s


def skew(seconds: float) -> None:
    """Believe from now on that it is so much later (earlier, when it is negative)."""
    global _skew_s  # noqa: PLW0603 - one process has one clock
    _skew_s = seconds
