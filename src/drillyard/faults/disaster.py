"""A disaster: real damage to a range at one moment, announced by nothing but what it does."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from drillyard.faults.scene import Scene

SYSTEMS = ("database", "cache", "configuration", "site")
"""What a disaster can hit, in a plan's words."""


@dataclass(frozen=True)
class Struck:
    """When it happened (seconds since the epoch), and what exactly, for the report of afterwards."""

    moment: float
    detail: str


@dataclass(frozen=True)
class Disaster:
    """One kind. `about` is its paragraph in the documentation: what it does, and what is left.

    `family` says what is to be mended: `media` (the database's disk), `site` (a host or all of them), or
    `content` (what is in the tables, or in the cache). `hits` are the systems that it hits first, of
    `SYSTEMS`; `needs` the components that must run for it.
    """

    id: str
    family: str
    hits: tuple[str, ...]
    title: str
    about: str
    strike: Callable[[Scene], Awaitable[Struck]]
    needs: tuple[str, ...] = ()
