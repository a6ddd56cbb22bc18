"""Which components make a range, from its allocation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from drillyard.range.addresses import Addresses
from drillyard.range.component import Component, Site
from drillyard.range.components.alertmanager import Alertmanager
from drillyard.range.components.exporter import Exporter
from drillyard.range.components.haproxy import HAProxy
from drillyard.range.components.network import Network
from drillyard.range.components.postgres import Postgres
from drillyard.range.components.prometheus import Prometheus
from drillyard.range.components.scheduler import Scheduler
from drillyard.range.components.standby import Standby
from drillyard.range.components.storefront import Mailsink, Partner, Replica, Worker
from drillyard.range.components.valkey import Valkey
from drillyard.range.credentials import Credentials
from drillyard.range.ops.shell import Shell
from drillyard.range.privileges import Account
from drillyard.range.spec import RangeSpec


@dataclass(frozen=True)
class Composition:
    """What all components of one range share.

    `make_data` makes a directory with the database's start state; `shell` is there in a range with sites.
    """

    directory: Path
    addresses: Addresses
    account: Account
    credentials: Credentials
    make_data: Callable[[Path], None]
    shell: Shell | None = None
    network: bool = False

    def components(self, spec: RangeSpec) -> tuple[Component, ...]:
        """All components for this allocation, in the order in which they are shown and started."""
        return (
            *self._between(spec),
            Postgres("postgres", self.site("postgres"), self.make_data, self._variables(spec)),
            Valkey("valkey", self.site("valkey")),
            HAProxy("haproxy", self.site("haproxy")),
            Partner("partner", self.site("partner")),
            Mailsink("mailsink", self.site("mailsink")),
            *(Replica(name, self.site(name)) for name in spec.storefront_names),
            *(
                Worker(name, self.site(name), worker_type)
                for worker_type in spec.worker_processes
                for name in spec.worker_names(worker_type)
            ),
            *self._monitoring(spec),
            *self._second_site(spec),
        )

    def _between(self, spec: RangeSpec) -> tuple[Component, ...]:
        return (Network("network", self.site("network"), spec),) if spec.network else ()

    def _second_site(self, spec: RangeSpec) -> tuple[Component, ...]:
        if not spec.sites or self.shell is None:
            return ()
        return (
            Standby("standby", self.site("standby"), self.make_data, self._variables(spec)),
            Scheduler("scheduler", self.site("scheduler"), self.shell.environment()),
        )

    def _variables(self, spec: RangeSpec) -> Mapping[str, str]:
        """What PostgreSQL's own commands find: the places of the operators' shell, and its programs."""
        return self.shell.environment() if spec.sites and self.shell is not None else {}

    def _monitoring(self, spec: RangeSpec) -> tuple[Component, ...]:
        if not spec.monitoring:
            return ()
        return (
            Exporter("exporter", self.site("exporter"), self.credentials),
            Prometheus("prometheus", self.site("prometheus"), spec),
            Alertmanager("alertmanager", self.site("alertmanager")),
        )

    def site(self, name: str) -> Site:
        """Where the component called `name` lives."""
        return Site(self.directory / name, self.addresses, self.account, self.network)
