"""The shapes of the data: how much of everything there is, and how unevenly it is spread."""

import random
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate


@dataclass(frozen=True)
class Sizes:
    """How many rows of each kind."""

    products: int
    customers: int
    orders: int
    reviews: int

    @classmethod
    def scaled(cls, scale: float) -> "Sizes":
        """The full size times `scale`, never so small that a page of the shop would be empty."""
        return cls(
            products=max(200, round(50_000 * scale)),
            customers=max(50, round(20_000 * scale)),
            orders=max(400, round(200_000 * scale)),
            reviews=max(600, round(300_000 * scale)),
        )


class Zipf:
    """Numbers from 1 to `size`; number k comes up in proportion to k to the power of -`exponent`.

    Rank is number: product 1 is the most popular one, customer 1 orders most.
    """

    def __init__(self, size: int, exponent: float) -> None:
        self._cumulative = list(accumulate(rank**-exponent for rank in range(1, size + 1)))
        self._total = self._cumulative[-1]

    def draw(self, rng: random.Random) -> int:
        """One number."""
        return bisect_left(self._cumulative, rng.random() * self._total) + 1


def times(count: int, newest: float, span_s: float) -> Sequence[float]:
    """`count` ascending times in the `span_s` seconds before `newest`, denser towards the end."""
    return [newest - span_s * (1 - (index / count) ** 0.8) for index in range(1, count + 1)]
