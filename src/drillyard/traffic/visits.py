"""Who comes to the shop and what they are after: drawn ahead from the plan's seed, many at a time."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Visit(NamedTuple):
    """One visit. `planned` counts seconds since the start of the run; `product` and `other` are product ids
    by Zipf popularity; the four numbers in [0, 1) decide everything else, so that a visit is the same
    however long the shop takes to answer.
    """

    planned: float
    kind: int
    product: int
    other: int
    a: float
    b: float
    c: float
    d: float


@dataclass(eq=False)
class Session:
    """A signed-in account, or nobody (customer 0). `header` is its Authorization header line with its end.

    `orders` are the most recent orders that the shop acknowledged to this customer during this run. `run`
    makes the idempotency keys of this run's checkouts different from those of every other run.
    """

    customer: int = 0
    header: str = ""
    run: str = ""
    checkouts: int = 0
    orders: deque[int | str] = field(default_factory=lambda: deque(maxlen=3))

    def next_key(self) -> str:
        """The idempotency key of this customer's next checkout."""
        self.checkouts += 1
        return f"{self.run}-{self.customer}-{self.checkouts}"


NOBODY = Session()


def zipf_table(count: int, exponent: float) -> Floats:
    """Cumulative probabilities of ranks 1 to `count` when rank k has weight k to the minus `exponent`."""
    weights = np.arange(1, count + 1, dtype=np.float64) ** -exponent
    table = np.cumsum(weights)
    return np.asarray(table / table[-1])


class Crowd:
    """Draws visits. The same seed gives the same visits, in whatever pieces they are drawn."""

    def __init__(
        self, rng: np.random.Generator, weights: Sequence[float], products: int, zipf_exponent: float
    ) -> None:
        shares = np.cumsum(np.asarray(weights, np.float64))
        self._rng = rng
        self._shares = shares / shares[-1]
        self._popularity = zipf_table(products, zipf_exponent)

    def visits(self, planned: Floats) -> Iterator[Visit]:
        """One visit for each planned time."""
        draws = self._rng.random((planned.size, 7))
        kinds = np.searchsorted(self._shares, draws[:, 0], side="right")
        products = np.searchsorted(self._popularity, draws[:, 1:3], side="right") + 1
        columns = (planned, kinds, products[:, 0], products[:, 1], *draws[:, 3:].T)
        return map(Visit._make, zip(*(column.tolist() for column in columns), strict=True))
