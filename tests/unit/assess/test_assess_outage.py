"""The outage of a disaster, from the record of customers' requests."""

import asyncio
from pathlib import Path

import numpy as np

from drillyard.assess.recovery import WAITED_S, outage_now
from drillyard.traffic.outcomes import OutcomesWriter
from drillyard.traffic.plan import TrafficPlan

STRUCK = 1_700_000_000.0


def test_customers_who_were_stopped_for_the_time_of_an_outage_do_not_shorten_it(tmp_path: Path) -> None:
    writer = OutcomesWriter(tmp_path / "requests")
    for planned in np.arange(STRUCK - 5, STRUCK + 90, 0.1):
        late = planned > STRUCK and planned < STRUCK + 40
        # Nobody was sent for 40 s; then all of them were, and answered well.
        writer.add(float(planned), (STRUCK + 40 - planned) * 1000 if late else 20.0, 0)
    writer.mark(STRUCK + 90)
    writer.close()
    away = asyncio.run(outage_now(tmp_path / "requests", STRUCK)).recovery_s
    assert away is not None
    assert 40 - WAITED_S - 1 < away < 40
    assert TrafficPlan.model_fields["timeout_s"].default == WAITED_S
