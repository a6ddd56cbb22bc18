"""Two untouched ranges on small data, and the load that the tests send."""

from dataclasses import dataclass
from pathlib import Path

from drillyard.assess.shape import Load
from drillyard.assess.subject import Subject
from drillyard.measure.site import site_of
from drillyard.range.range import Range

SCALE = 0.02
LOAD = Load(
    rate=50,
    mix={"browse": 60, "search": 14, "buy": 16, "history": 8, "admin": 2},
    products=1000,
    customers=400,
)


@dataclass
class Pair:
    """Learner and twin, started."""

    directory: Path
    ranges: dict[str, Range]

    def subject(self, name: str) -> Subject:
        """One of them, ready to be measured."""
        return Subject(
            site_of(name, self.ranges[name]),
            self.directory / f"{name}.ledger.jsonl",
            self.directory / f"{name}.tokens.json",
        )
