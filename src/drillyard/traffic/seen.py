"""Answers that customers got, kept at random, so that it can be looked up afterwards whether they were true.

A shop could tell who only looks at it from who buys by how many come; but it cannot know which of its
customers' answers are kept.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_ADMIN = b"/api/admin/"
_KEPT = (b"GET ", b"POST " + _ADMIN)


@dataclass(frozen=True)
class Seen:
    """One page: its path with the query, the customer who asked (0: nobody in particular), when its answer
    was whole (seconds since the epoch), the decoded answer, and whether it was asked for by GET or promised
    to a POST.
    """

    path: str
    customer: int
    answered: float
    page: Mapping[str, Any]
    method: str = "GET"


class _Reservoir:
    """So many of any number, each as likely as the others (Vitter 1985, algorithm R)."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._offered = 0
        self.kept: list[Seen] = []

    def place(self) -> int | None:
        """Where the next is put; None when it is not kept."""
        self._offered += 1
        if len(self.kept) < self._size:
            return len(self.kept)
        place = random.randrange(self._offered)
        return place if place < self._size else None


class Sample:
    """`size` answers of pages that anybody may see, and as many of the administrator's, who comes seldom."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._pages, self._admin = _Reservoir(size), _Reservoir(size)

    def offer(self, request: bytes, customer: int, answered: float, data: object) -> None:
        """A good answer to `request`, a whole HTTP message; kept or not."""
        if not self._size or not isinstance(data, dict) or not request.startswith(_KEPT):
            return
        method, path, _ = request.split(b" ", 2)
        reservoir = self._admin if path.startswith(_ADMIN) else self._pages
        if (place := reservoir.place()) is not None:
            seen = Seen(path.decode(), customer, answered, data, method.decode())
            reservoir.kept[place : place + 1] = [seen]

    def kept(self) -> tuple[Seen, ...]:
        """What was kept."""
        return (*self._pages.kept, *self._admin.kept)
