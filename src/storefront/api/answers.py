"""What all areas share: JSON answers, refusals, pages, and what a cache key may carry of a request."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Path, Request
from fastapi.responses import Response
from pydantic_core import to_json

from storefront import clock
from storefront.security import session_of
from storefront.settings.web import Web

NEWEST = 2**31 - 1
"""`before` for a reader who begins with the newest entry."""


Id = Annotated[int, Path(alias="id", ge=1, le=NEWEST)]
"""The number in a path such as /api/products/{id}."""


class RefusedError(Exception):
    """A definite no, with an HTTP status and a short code that programs can rely on."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def not_found(what: str) -> RefusedError:
    """404: there is no such thing."""
    return RefusedError(404, "not_found", f"There is no such {what}.")


def json_answer(body: bytes, status: int = 200) -> Response:
    """An answer whose JSON is ready."""
    return Response(body, status, media_type="application/json")


def answer(value: object, status: int = 200) -> Response:
    """An answer with this value as JSON; times are ISO 8601."""
    return json_answer(to_json(value), status)


class KeyFields(dict[str, Any]):
    """The fields of a cache key: those of its kind, and what of the request a key may ask for."""

    def __init__(self, request: Request, **fields: object) -> None:
        super().__init__(fields)
        self._request = request

    def __missing__(self, name: str) -> object:
        match name:
            case "request_id":
                return self._request.state.request_id
            case "session":
                return session_of(self._request.headers.get("authorization"))
            case "customer":
                return getattr(self._request.state, "customer_id", "anonymous")
            case "agent":
                return self._request.headers.get("user-agent", "")
            case "minute":
                return int(clock.now() // 60)
        raise KeyError(name)


class Page:
    """Which part of a list was asked for: `?page=` and `?per_page=`, or `?before=` the last id seen."""

    def __init__(self, request: Request, limits: Web) -> None:
        self.number = _whole(request, "page", 1, limits.max_page)
        self.per_page = _whole(
            request, "per_page", min(limits.per_page, limits.max_per_page), limits.max_per_page
        )
        self.before = _whole(request, "before", NEWEST, NEWEST)

    @property
    def skipped(self) -> int:
        """Entries before this page."""
        return (self.number - 1) * self.per_page

    @property
    def query(self) -> dict[str, int]:
        """The parameters of a query: one entry more than the page holds, to know whether there is another."""
        return {"entries": self.per_page + 1, "skipped": self.skipped}

    def body(self, rows: Sequence[Any], **more: object) -> dict[str, object]:
        """The body of the answer, from the rows that `query` gave."""
        return {
            "items": rows[: self.per_page],
            "page": self.number,
            "per_page": self.per_page,
            "more": len(rows) > self.per_page,
            **more,
        }


def _whole(request: Request, name: str, default: int, most: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text[:12]) <= most:
        raise RefusedError(422, "invalid_request", f"{name} must be a whole number from 1 to {most}.")
    return int(text)


def days_of(request: Request) -> int:
    """`?days=` of a report, 30 when not given."""
    return _whole(request, "days", 30, 3650)
