"""What sources conclude from snapshots; that they read the real things is tested on live ranges."""

import time

import pytest

from drillyard.measure.exposition import parse
from drillyard.measure.reading import Combine, Unit, Window
from drillyard.measure.site import kind_of
from drillyard.measure.source import Described, Sheet, SourceError, deltas
from drillyard.measure.sources import source_types
from drillyard.measure.sources.queues import due_ms

TEXT = """
# HELP cache_hits_total Look-ups.
# TYPE cache_hits_total counter
cache_hits_total{kind="product"} 12.0
cache_hits_total{kind="a \\"b\\"\\n"} 1e3
cache_hits_created{kind="product"} 1.7e9
other_total 5
broken{ 7
up NaN
"""


def test_only_the_metrics_that_were_asked_for_are_read():
    found = parse(TEXT, {"cache_hits_total"})
    assert [(s.labels["kind"], s.value) for s in found] == [("product", 12), ('a "b"\n', 1000)]


def test_every_source_is_found_by_its_file():
    names = {source.name for source in source_types()}
    assert names == {
        "haproxy",
        "machine",
        "network",
        "partner",
        "postgres",
        "processes",
        "queues",
        "storefront",
        "valkey",
    }


def test_a_counter_that_goes_back_is_no_figure():
    assert deltas({"a": 1}, {"a": 3, "b": 2}) == {"a": 2, "b": 2}
    with pytest.raises(SourceError, match="went back"):
        deltas({"a": 3}, {"a": 1})


def sheet(requests: int = 10) -> Sheet:
    described = (
        Described("db.calls", Unit.COUNT, Combine.SUM, per_request=True),
        Described("cache.hit_ratio.<kind>", Unit.RATIO),
    )
    return Sheet(Window(0, 2), requests, described)


def test_totals_also_come_per_request():
    page = sheet()
    page.add("db.calls", 50, "s")
    assert page.readings["db.calls_per_request"].value == 5
    assert page.readings["db.calls_per_request"].unit is Unit.PER_REQUEST
    assert page.readings["db.calls_per_request"].weight == 10
    idle = sheet(requests=0)
    idle.add("db.calls", 50, "s")
    assert "db.calls_per_request" not in idle.readings


def test_a_share_of_nothing_is_not_written_down():
    page = sheet()
    page.add_ratio("cache.hit_ratio.home", 0, 0, "s")
    page.add_ratio("cache.hit_ratio.search", 1, 4, "s")
    assert list(page.readings) == ["cache.hit_ratio.search"]
    assert page.readings["cache.hit_ratio.search"].weight == 4


def test_a_reading_that_is_not_described_is_a_bug():
    with pytest.raises(KeyError):
        sheet().add("db.strange", 1, "s")


def test_kinds_of_components_by_their_names():
    names = ("storefront-2", "worker-payments", "worker-payments-2", "postgres")
    assert [kind_of(name) for name in names] == [
        "storefront", "worker-payments", "worker-payments", "postgres",
    ]  # fmt: skip


def test_a_delayed_message_is_due_at_the_end_of_its_delay():
    assert due_ms(b'{"message_timestamp": 1000, "options": {}}') == 1000
    assert due_ms(b'{"message_timestamp": 1000, "options": {"eta": 5000}}') == 5000
    assert due_ms(b"no message") == pytest.approx(time.time() * 1000, rel=1e-3)
