"""A process that uses all of one core until it is ended."""

import signal

LONGEST_S = 3600
"""It ends by itself after so many seconds, whatever becomes of whoever started it."""


def run() -> None:
    """Burn. SIGTERM ends it at once."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(LONGEST_S)
    while True:
        pass
