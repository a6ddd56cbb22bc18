"""Probes: what cannot be read from counters and has to be tried, such as how soon a changed price is seen.

    @probe(id="price-staleness", seconds=12, gives=("promise.price",))
    async def price_staleness(site):
        ...
        return [site.reading("promise.price_stale_s", seconds, Unit.SECONDS, source="PUT, then GET until it
        shows")]

A probe runs beside the windows. It waits for `site.turn()` before it asks the shop anything, so that it
never disturbs a window of its own subject. Its readings are kept with the measurement as that subject's
findings.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import psycopg

from drillyard.assess.tables import stand_ins
from drillyard.base.clock import wall
from drillyard.base.errors import DrillyardError
from drillyard.measure.reading import Combine, Reading, Unit, Window

SQL_TIMEOUT_S = 10
_OPTIONS = f"-c statement_timeout={SQL_TIMEOUT_S}s -c search_path=pg_catalog"


class ProbeError(DrillyardError):
    """The shop did not answer a probe in a way that it could go on with: nothing is proven."""


def _nowhere(endpoint: str, path: str) -> str:
    raise ProbeError(f"this site has no endpoint {endpoint} to ask for {path}")


@dataclass
class ProbeSite:
    """One subject as a probe sees it: its front door and its database, and a note of when the probe began.

    `http` follows no redirects and has the shop's front door as base; `dsn` connects to the subject's
    database as the account that the measurements use.
    """

    subject: str
    http: httpx.AsyncClient
    dsn: str
    turn: Callable[[], Awaitable[None]]
    """Returns when the subject is not being measured."""
    limits: Mapping[str, float] = field(default_factory=dict)
    """The scenario's bounds by name, as a measurement has them."""
    url: Callable[[str, str], str] = _nowhere
    """The address of a path at one of the range's endpoints, for what lies behind the shop."""
    started: float = field(default_factory=wall)

    def reading(
        self, name: str, value: float, unit: Unit, *, source: str, combine: Combine = Combine.LAST
    ) -> Reading:
        """A reading of this probe, with the probe's own time as its window."""
        return Reading(name, value, unit, Window(self.started, wall()), source, combine=combine)

    async def sql(self, query: str, named: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
        """Rows of one query against the subject's database, in a connection of its own.

        `named` are the values of its `%(name)s`; tables are written with their schema.

        Raises:
            psycopg.Error: the database does not answer, or not within `SQL_TIMEOUT_S`.
            ProbeError: something stands in a table's place.
        """
        async with await psycopg.AsyncConnection.connect(
            self.dsn, autocommit=True, options=_OPTIONS, application_name="drillyard-measure"
        ) as connection:
            if odd := await stand_ins(connection):
                raise ProbeError(f"{', '.join(odd)}: no tables of these names are in the schema public")
            cursor = await connection.execute(query.encode(), named)
            return list(await cursor.fetchall())


def like_a_customer(client: httpx.AsyncClient) -> None:
    """Let a client send the headers that the traffic's customers send, and no others: a shop that tells
    probes from customers could answer each as it pleases.
    """
    client.headers.clear()
    client.headers["Host"] = "shop"


def said(error: Exception) -> str:
    """What an error says of itself; time-outs of HTTP clients say nothing."""
    return str(error).strip() or f"no answer ({type(error).__name__})"


ProbeFunction = Callable[[ProbeSite], Awaitable[Sequence[Reading]]]


@dataclass(frozen=True)
class Probe:
    """A probe with what the session must know of it: whom it tries, and how long it may take."""

    id: str
    subjects: frozenset[str]
    seconds: float
    quick: bool
    run: ProbeFunction
    gives: tuple[str, ...]
    """Beginnings of its readings: what a measurement says is missing when the probe could not be made."""


_ATTRIBUTE = "__drillyard_probe__"


def probe(
    *,
    id: str,
    seconds: float,
    gives: Iterable[str],
    subjects: Iterable[str] = ("learner",),
    quick: bool = True,
) -> Callable[[ProbeFunction], ProbeFunction]:
    """Mark an async function of a scenario's `checks.py` as a probe that takes at most `seconds`.

    `gives` are the beginnings of its readings' names.
    """

    def mark(function: ProbeFunction) -> ProbeFunction:
        setattr(function, _ATTRIBUTE, Probe(id, frozenset(subjects), seconds, quick, function, tuple(gives)))
        return function

    return mark


def probe_of(thing: object) -> Probe | None:
    """The probe that `thing` was marked as, or None."""
    found = getattr(thing, _ATTRIBUTE, None)
    return found if isinstance(found, Probe) else None
