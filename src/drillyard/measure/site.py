"""What is measured: one running range, as the sources need to know it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from drillyard.range.addresses import Addresses


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
