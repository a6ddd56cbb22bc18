"""What is measured: one running range, as the sources need to know it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from drillyard.range.addresses import Addresses
from drillyard.range.components.postgres import Postgres
from drillyard.range.credentials import DATABASE, SUPERUSER
from drillyard.range.range import Range


def _nobody() -> Mapping[str, int]:
    return {}


@dataclass(frozen=True)
class Site:
    """One range under measurement.

    `dsn` connects as the role `monitor`, which may read statistics and nothing of the shop; `audit_dsn` as a
    role that may read the shop's tables. `census` gives the pid of every component that runs now, by
    component name; `expected` names those that should run.
    """

    subject: str
    addresses: Addresses
    dsn: str
    audit_dsn: str = ""
    census: Callable[[], Mapping[str, int]] = _nobody
    expected: Callable[[], frozenset[str]] = field(default=frozenset)

    def url(self, endpoint: str, path: str = "") -> str:
        """The HTTP address of one endpoint."""
        return f"http://{self.addresses.endpoint(endpoint)}{path}"


def kind_of(component: str) -> str:
    """The kind of a component by its name: `storefront-2` is storefront, `worker-payments-2` worker-
    payments.
    """
    stem, _, number = component.rpartition("-")
    return stem if number.isdecimal() and stem else component


def site_of(subject: str, range_: Range) -> Site:
    """The site of a running range.

    Statistics are read as `monitor`; the audit comes in over the Unix socket as the superuser, whose way the
    learner cannot bar.

    Raises:
        UserError: the range does not run.
    """
    postgres = range_.supervisor.member("postgres").component
    audit_dsn = ""
    if isinstance(postgres, Postgres):
        port = range_.addresses.endpoint("postgres").port
        audit_dsn = f"host={postgres.socket_directory} port={port} user={SUPERUSER} dbname={DATABASE}"
    return Site(
        subject=subject,
        addresses=range_.addresses,
        dsn=range_.credentials.dsn("monitor", range_.addresses),
        audit_dsn=audit_dsn,
        census=lambda: _census(range_),
        expected=lambda: frozenset(
            name for name, member in range_.supervisor.members.items() if member.component.essential
        ),
    )


def _census(range_: Range) -> Mapping[str, int]:
    members = range_.supervisor.members.items()
    return {name: member.pid for name, member in members if member.running and member.pid}
