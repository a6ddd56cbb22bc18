"""How it feels for customers right now: one line of figures a second."""

import json
from dataclasses import asdict, dataclass
from typing import Self


@dataclass(frozen=True)
class LiveSummary:
    """The last second. `at` is seconds since the epoch, `elapsed_s` since the start of the run; `sent` and
    the outcomes are counts, the percentiles of latency (from the planned time) are None when nothing ended.
    `in_flight` requests have no answer yet, `held` wait because the shop has too many unanswered.
    """

    at: float
    elapsed_s: float
    sent: int
    ok: int
    wrong: int
    refused: int
    indeterminate: int
    p50_ms: float | None
    p95_ms: float | None
    lateness_p99_ms: float
    in_flight: int
    held: int

    @property
    def failed(self) -> int:
        """Requests that did not end well."""
        return self.wrong + self.refused + self.indeterminate

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, line: str | bytes) -> Self:
        """Read what `to_json` wrote.

        Raises:
            ValueError, TypeError: it is something else.
        """
        return cls(**json.loads(line))
