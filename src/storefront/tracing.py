"""Spans for requests, queries, cache and jobs. Off by default, and then a span costs one comparison.

The OpenTelemetry SDK is loaded only where traces are wanted: `preload()` in the parent that forks, or
`configure()` in the process itself.
"""

import importlib
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol

from storefront.settings.observability import TraceExporter, Tracing

_EXPORT = "storefront.tracing_export"

Attribute = str | int | float | bool


class Span(Protocol):
    """One piece of work in a trace."""

    def set_attribute(self, key: str, value: Attribute, /) -> None:
        """Say something about it."""


class Tracer(Protocol):
    """Makes spans; the one that sends them is in `storefront.tracing_export`."""

    def span(self, name: str, attributes: dict[str, Attribute]) -> AbstractContextManager[Span]:
        """A span that is a child of the current one, current itself while entered."""

    def shutdown(self) -> None:
        """Send what is left; bounded."""


class _NoSpan:
    """Stands for every span while tracing is off."""

    def __enter__(self) -> "Span":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def set_attribute(self, key: str, value: Attribute, /) -> None:
        """Nothing is kept."""


_NO_SPAN = _NoSpan()


class _State:
    tracer: Tracer | None = None


def preload() -> None:
    """Import the SDK and the exporters, so that a forked child need not."""
    importlib.import_module(_EXPORT)


def configure(settings: Tracing, process: str) -> None:
    """Turn tracing on or off in this process; call it after the fork, for the exporter starts a thread."""
    shutdown()
    if settings.exporter is not TraceExporter.NONE:
        _State.tracer = importlib.import_module(_EXPORT).make_tracer(settings, process)


def shutdown() -> None:
    """Send what is left and turn tracing off."""
    if _State.tracer is not None:
        _State.tracer.shutdown()
        _State.tracer = None


def enabled() -> bool:
    """Whether spans are made: ask before working out an attribute that costs something."""
    return _State.tracer is not None


def span(name: str, /, **attributes: Attribute) -> AbstractContextManager[Span]:
    """A span around a `with` block, such as `with tracing.span("db.query", query="product_by_id"):`."""
    tracer = _State.tracer
    if tracer is None:
        return _NO_SPAN
    return tracer.span(name, attributes)
