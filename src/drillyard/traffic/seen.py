"""Answers that customers got, kept at random, so that it can be looked up afterwards whether they were true.

A shop could tell who only looks at it from who buys by how many come; but it cannot know which of its
customers' answers are kept.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_GET = b"GET "


@dataclass(frozen=True)
class Seen:
    """One page: its path with the query, the customer who asked (0: nobody in particular), when its answer
    was whole (seconds since the epoch), and the decoded answer.
    """

    path: str
    customer: int
    answered: float
    page: Mapping[str, Any]


class Sample:
    """So many answers of any number, each as likely as the others (Vitter 1985, algorithm R)."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._offered = 0
        self._kept: list[Seen] = []

    def offer(self, request: bytes, customer: int, answered: float, data: object) -> None:
        """A good answer to `request`, a whole HTTP message; kept or not."""
        if not self._size or not isinstance(data, dict) or not request.startswith(_GET):
            return
        self._offered += 1
        place = len(self._kept)
        if place == self._size:
            place = random.randrange(self._offered)
            if place >= self._size:
                return
        path = request.split(b" ", 2)[1].decode()
        self._kept[place : place + 1] = [Seen(path, customer, answered, data)]

    def kept(self) -> tuple[Seen, ...]:
        """What was kept."""
        return tuple(self._kept)
