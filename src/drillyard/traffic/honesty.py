"""Whether the generator kept its own schedule: a run that did not can prove nothing.

Lateness is the time between a request's planned instant and the generator's first attempt to send it. It is
part of every latency (which counts from the plan), and it is *ours*, not the shop's. The bound:

    p99 of the lateness  <=  max(2 ms, 5 % of the p95 latency)

* 5 %: verdicts compare latencies as ratios and call them different only outside +-5 %; lateness that 99 of
  100 requests stay below cannot move a p95 by more than that.
* 2 ms: below it the machine's own scheduling is all there is to see. A request sent by the kernel's timer
  leaves within 0.1-0.3 ms when the generator is scheduled at once (`priority`); one that waits for whole time
  slices of other processes is 3 ms late and more. And no page of the shop has an objective under 40 ms.
* p99: what is judged is at most a p99. A single pause of the generator is tolerated only as long as it
  touched fewer than 1 % of the requests.

Besides, at least 99 % of what was planned must have been sent, unless the run was stopped early.
"""

import numpy as np
from numpy.typing import NDArray

FLOOR_MS = 2.0
SHARE_OF_P95 = 0.05
MIN_SENT = 0.99


def lateness_bound_ms(latency_ms: NDArray[np.float64]) -> float:
    """The most that the p99 of the lateness may be, in milliseconds."""
    return max(FLOOR_MS, SHARE_OF_P95 * float(np.percentile(latency_ms, 95))) if latency_ms.size else FLOOR_MS


def kept_schedule(
    lateness_ms: NDArray[np.float64],
    latency_ms: NDArray[np.float64],
    *,
    planned: int,
    sent: int,
) -> bool:
    """Whether the run can be used; `sent` counts first attempts, also those that had to be held back."""
    if not lateness_ms.size:
        return planned == 0
    on_time = float(np.percentile(lateness_ms, 99)) <= lateness_bound_ms(latency_ms)
    return on_time and sent >= MIN_SENT * planned
