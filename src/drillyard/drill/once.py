"""Checks that passed in this drill, for those of which once is enough.

A pass beside a broken invariant is none: what has to hold all along did not.
"""

from contextlib import suppress

from pydantic import ValidationError

from drillyard.assess.check import Evidence, Status
from drillyard.assess.moments import Passed
from drillyard.drill.store import Store
from drillyard.drill.views import EvidenceView, TaskVerdictView


def passed(store: Store) -> dict[str, Passed]:
    """By check: when it first passed since the last reset, and what was seen then."""
    found: dict[str, Passed] = {}
    for row in store.checks():
        with suppress(ValidationError):  # of another version, or written by other hands
            task = TaskVerdictView.model_validate_json(row.verdicts)
            for check in task.checks if task.kept else ():
                if check.status != Status.PASS or check.our_bug:
                    continue
                found.setdefault(check.id, Passed(row.at, tuple(map(_evidence, check.evidence))))
    return found


def _evidence(view: EvidenceView) -> Evidence:
    return Evidence(
        what=view.what,
        status=Status(view.status),
        value=view.value,
        low=view.low,
        high=view.high,
        threshold=view.threshold,
        unit=view.unit,
        source=view.source,
        look_next=view.look_next,
        reason=view.reason,
    )
