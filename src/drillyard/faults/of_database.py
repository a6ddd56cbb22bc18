"""What faults of the database have in common."""

from collections.abc import Iterable
from typing import ClassVar, Literal

from drillyard.faults.fault import Fault
from drillyard.faults.scene import Scene

Table = Literal["categories", "customers", "orders", "order_lines", "products", "reviews", "stock"]


class OfDatabase(Fault):
    """Something in PostgreSQL."""

    claimed: ClassVar[str]

    def claims(self, scene: Scene) -> Iterable[str]:
        """What of it is changed."""
        return [f"database:{self.claimed}"]
