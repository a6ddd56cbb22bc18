"""A subject: one of the ranges that are measured side by side, with what a session needs of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from drillyard.measure.site import Site


@dataclass(frozen=True)
class Subject:
    """`site` is the running range; `ledger` where the writes that customers were promised are entered.

    `sessions` is a file in which the traffic keeps its customers' tokens between windows.
    """

    site: Site
    ledger: Path
    sessions: Path

    @property
    def name(self) -> str:
        """`learner`, `twin` or `par`."""
        return self.site.subject

    @property
    def target(self) -> str:
        """Where its customers go: `host:port` of the front door."""
        return str(self.site.addresses.endpoint("http"))

    def pids(self) -> Mapping[str, int]:
        """The components' processes."""
        return self.site.census()
