import json
import subprocess
import sys

import pytest

from storefront import tracing
from storefront.settings.observability import TraceExporter, Tracing


def test_off_makes_no_spans() -> None:
    assert not tracing.enabled()
    with tracing.span("x", a=1) as span:
        span.set_attribute("b", 2)


def test_off_loads_nothing_of_the_sdk() -> None:
    script = (
        "import sys, storefront.tracing; print([n for n in sys.modules if n.startswith('opentelemetry')])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_on_writes_nested_spans(capsys: pytest.CaptureFixture[str]) -> None:
    tracing.configure(Tracing(exporter=TraceExporter.CONSOLE), "storefront-1")
    try:
        with tracing.span("outer", route="/x"), tracing.span("inner"):
            assert tracing.enabled()
    finally:
        tracing.shutdown()
    inner, outer = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (inner["name"], outer["name"]) == ("inner", "outer")
    assert inner["parent_id"] == outer["context"]["span_id"]
    assert outer["attributes"] == {"route": "/x"}
    assert outer["resource"]["attributes"]["service.instance.id"] == "storefront-1"


def test_a_collector_that_is_away_holds_nothing_up() -> None:
    tracing.configure(
        Tracing(exporter=TraceExporter.OTLP, endpoint="http://127.0.0.1:9/v1/traces"), "storefront-1"
    )
    with tracing.span("x"):
        pass
    tracing.shutdown()
    assert not tracing.enabled()
