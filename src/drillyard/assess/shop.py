"""The shop as probes use it: who signs in, what no answer looks like, and its tables."""

from collections.abc import Mapping
from typing import Any

import httpx

from drillyard.assess.probe import ProbeError, ProbeSite

PASSWORD = "drillyard"  # noqa: S105 - the one password of the seeded shop, in its documentation
ADMIN = "admin@shop.test"

UNANSWERED = (ProbeError, httpx.HTTPError)
"""No answer, or none to go on with: it is asked again, and proves nothing."""


async def bearer(site: ProbeSite, email: str) -> dict[str, str]:
    """The header of somebody who signed in.

    Raises:
        ProbeError: the shop did not let them in.
    """
    answer = await site.http.post("/api/sessions", json={"email": email, "password": PASSWORD})
    if not answer.is_success:
        raise ProbeError(f"{email} could not sign in: {answer.status_code}")
    try:
        return {"Authorization": f"Bearer {answer.json()['token']}"}
    except (ValueError, LookupError, TypeError) as error:
        raise ProbeError(f"{email} signed in and got no token: {error!r}") from error


async def rows(
    site: ProbeSite, query: str, named: Mapping[str, object] | None = None
) -> list[tuple[Any, ...]]:
    """Rows of the tables, asked for when the subject is not being measured."""
    await site.turn()
    return await site.sql(query, named)
