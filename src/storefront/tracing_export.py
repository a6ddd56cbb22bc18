"""The OpenTelemetry SDK behind `storefront.tracing`: a module apart, imported only when tracing is on."""

from contextlib import AbstractContextManager

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
from opentelemetry.trace import Tracer as OpenTelemetryTracer

from storefront.settings.observability import TraceExporter, Tracing
from storefront.tracing import Attribute, Span

EXPORT_TIMEOUT_S = 3


class SdkTracer:
    """Sends spans in batches from a thread of its own."""

    def __init__(self, provider: TracerProvider, tracer: OpenTelemetryTracer) -> None:
        self._provider = provider
        self._tracer = tracer

    def span(self, name: str, attributes: dict[str, Attribute]) -> AbstractContextManager[Span]:
        """A span that is a child of the current one, current itself while entered."""
        return self._tracer.start_as_current_span(name, attributes=attributes)

    def shutdown(self) -> None:
        """Send what is left."""
        self._provider.shutdown()


def make_tracer(settings: Tracing, process: str) -> SdkTracer:
    """A tracer as the settings say; `process` becomes `service.instance.id`."""
    exporter: SpanExporter
    if settings.exporter is TraceExporter.OTLP:
        exporter = OTLPSpanExporter(endpoint=settings.endpoint, timeout=EXPORT_TIMEOUT_S)
    else:
        exporter = ConsoleSpanExporter(formatter=lambda span: span.to_json(indent=None) + "\n")
    resource = Resource.create({"service.name": settings.service, "service.instance.id": process})
    provider = TracerProvider(
        resource=resource, sampler=ParentBasedTraceIdRatio(settings.sample_ratio), shutdown_on_exit=False
    )
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return SdkTracer(provider, provider.get_tracer("storefront"))
