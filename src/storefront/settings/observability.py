"""[observability]: logs, traces and the chaos switches."""

from enum import StrEnum
from itertools import pairwise

from pydantic import model_validator

from storefront.settings.section import Section, setting


class LogLevel(StrEnum):
    """From most to least."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class TraceExporter(StrEnum):
    """Where spans go."""

    NONE = "none"
    """No spans are made."""
    CONSOLE = "console"
    """JSON on standard output."""
    OTLP = "otlp"
    """OTLP over HTTP to `endpoint` (https://opentelemetry.io/docs/specs/otlp/)."""


class Logs(Section):
    """JSON lines on standard output."""

    level: LogLevel = setting(LogLevel.INFO, "debug, info, warning or error.")
    requests: bool = setting(True, "One line for every HTTP request. False: only failed and slow ones.")
    slow_request_ms: int = setting(
        1000, "A request that takes longer is logged as a warning.", ge=1, le=600_000
    )
    customer_salt: str = setting(
        "shop", "Mixed into the hash that stands for a customer in the logs.", min_length=1, max_length=200
    )


class Tracing(Section):
    """OpenTelemetry spans for requests, database queries, cache and jobs."""

    exporter: TraceExporter = setting(TraceExporter.NONE, "none, console or otlp.", restart=True)
    endpoint: str = setting(
        "http://127.0.0.1:4318/v1/traces", "Where spans go with otlp.", restart=True, pattern=r"^https?://.+"
    )
    sample_ratio: float = setting(
        1.0, "Share of requests and jobs that are traced.", restart=True, ge=0, le=1
    )
    service: str = setting("shop", "The service name in traces.", restart=True, min_length=1, max_length=100)


class ChaosStart(Section):
    """Whether faults may be injected at run time by an administrator (`PUT /api/admin/chaos`)."""

    allowed: bool = setting(True, "False: the switches cannot be turned on.")
    max_delay_ms: int = setting(
        30_000, "The longest delay that may be switched on, in milliseconds.", ge=0, le=600_000
    )


class Metrics(Section):
    """Prometheus figures."""

    duration_buckets_ms: tuple[float, ...] = setting(
        (5, 10, 25, 50, 75, 100, 150, 200, 300, 400, 500, 750, 1000, 2500, 5000, 10_000),
        "Upper bounds in milliseconds of the histogram of request durations, ascending.",
        restart=True,
        min_length=1,
        max_length=60,
    )

    @model_validator(mode="after")
    def _buckets_ascend(self) -> "Metrics":
        bounds = self.duration_buckets_ms
        if any(low >= high for low, high in pairwise(bounds)) or bounds[0] <= 0:
            raise ValueError("duration_buckets_ms: the bounds must be positive and ascend")
        return self


class Observability(Section):
    """What the shop tells about itself."""

    logs: Logs = setting(Logs(), "Log lines.")
    tracing: Tracing = setting(Tracing(), "Traces.")
    metrics: Metrics = setting(Metrics(), "Metrics.")
    chaos: ChaosStart = setting(ChaosStart(), "Chaos switches.")
