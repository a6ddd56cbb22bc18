"""What a range consists of: the allocation that `range.toml` states."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from drillyard.range.addresses import WORKER_TYPES


def _one_process_each() -> Mapping[str, int]:
    return dict.fromkeys(WORKER_TYPES, 1)


@dataclass(frozen=True)
class RangeSpec:
    """How many of each: `storefront_replicas` web processes, `worker_processes` per worker type (0 or more).

    `monitoring` says whether Prometheus and Alertmanager run: a twin does without them. `sites` says whether
    there are a second site, with a standby, and a scheduler; `network`, whether components speak to each
    other through proxies.
    """

    storefront_replicas: int = 2
    worker_processes: Mapping[str, int] = field(default_factory=_one_process_each)
    monitoring: bool = True
    sites: bool = False
    network: bool = False

    @property
    def storefront_names(self) -> tuple[str, ...]:
        """Component names of the web replicas: `storefront-1`, ..."""
        return tuple(f"storefront-{n}" for n in range(1, self.storefront_replicas + 1))

    def worker_names(self, worker_type: str) -> tuple[str, ...]:
        """Component names of one type's processes: `worker-payments`, `worker-payments-2`, ..."""
        count = self.worker_processes.get(worker_type, 0)
        return tuple(f"worker-{worker_type}" + (f"-{n}" if n > 1 else "") for n in range(1, count + 1))
