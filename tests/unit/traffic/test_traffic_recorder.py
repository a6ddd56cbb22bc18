"""What is counted and what is kept; when a schedule counts as kept."""

from pathlib import Path

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

from drillyard.traffic.export import DIGITS, HIGHEST_US, LOWEST_US, export_hdr
from drillyard.traffic.honesty import kept_schedule, lateness_bound_ms
from drillyard.traffic.live import LiveSummary
from drillyard.traffic.recorder import Recorder
from drillyard.traffic.result import CODES, Outcome, TrafficResult


def filled(keep_s: float | None, seconds: int) -> tuple[Recorder, list[LiveSummary]]:
    recorder = Recorder(keep_s)
    summaries = []
    for second in range(seconds):
        for n in range(10):
            recorder.attempted(0.0001)
            recorder.finished("home", second + n / 10, 0.010 + n / 1000, CODES[Outcome.OK])
        recorder.finished("cart", second + 0.5, 0.5, CODES[Outcome.WRONG])
        summaries.append(recorder.summary(0.0, second + 1.0, in_flight=1, held=2))
    return recorder, summaries


def test_a_summary_covers_the_last_second_only() -> None:
    _, summaries = filled(None, 3)
    assert [(s.sent, s.ok, s.wrong, s.failed) for s in summaries] == [(10, 10, 1, 1)] * 3
    assert summaries[1].p50_ms == pytest.approx(15)
    assert LiveSummary.from_json(summaries[0].to_json()) == summaries[0]


def test_a_summary_of_a_silent_second_has_no_percentiles() -> None:
    silent = Recorder(None).summary(0.0, 1.0, in_flight=0, held=0)
    assert silent.p95_ms is None
    assert silent.ok == 0


def test_an_unbounded_recorder_keeps_everything() -> None:
    recorder, _ = filled(None, 50)
    home = recorder.routes()["home"]
    assert home.latency_ms.size == home.outcomes.total() == 500
    assert recorder.lateness_ms().size == 500


def test_a_bounded_recorder_counts_everything_and_keeps_the_newest() -> None:
    recorder, _ = filled(14.0, 100)
    home = recorder.routes()["home"]
    assert home.outcomes[Outcome.OK] == 1000
    assert 140 <= home.planned.size <= 180
    assert home.planned.max() == pytest.approx(99.9)
    assert recorder.routes()["cart"].outcomes[Outcome.WRONG] == 100


def test_only_the_first_few_different_complaints_are_kept() -> None:
    recorder, _ = filled(None, 1)
    for n in range(100):
        recorder.complain("home", f"complaint {n // 2}")
    assert recorder.routes()["home"].complaints == tuple(f"complaint {n}" for n in range(5))


def test_the_lateness_bound_is_two_milliseconds_or_a_twentieth_of_the_p95() -> None:
    assert lateness_bound_ms(np.full(100, 10.0)) == 2.0
    assert lateness_bound_ms(np.full(100, 400.0)) == pytest.approx(20.0)


@pytest.mark.parametrize(
    ("late", "latency", "sent", "kept"),
    [(0.2, 10, 100, True), (2.5, 10, 100, False), (2.5, 100, 100, True), (0.2, 10, 90, False)],
)
def test_when_a_schedule_counts_as_kept(late: float, latency: float, sent: int, kept: bool) -> None:
    assert kept_schedule(np.full(100, late), np.full(100, float(latency)), planned=100, sent=sent) is kept


def test_a_pause_that_touched_two_in_a_hundred_breaks_the_schedule() -> None:
    lateness = np.full(100, 0.1)
    lateness[:2] = 500
    assert not kept_schedule(lateness, np.full(100, 10.0), planned=100, sent=100)


def test_the_hdr_log_is_read_by_hdrhistograms_own_reader(tmp_path: Path) -> None:
    recorder, _ = filled(None, 3)
    result = TrafficResult(
        1000.0, 1003.0, 33, 33, recorder.routes(), recorder.lateness_ms(), kept_schedule=True
    )
    path = tmp_path / "latencies.hlog"
    export_hdr(result, path)
    with path.open() as file:
        tagged = [line for line in file if line.startswith("Tag=")]
    assert len(tagged) == 6, "two routes, three seconds"
    untagged = tmp_path / "home.hlog"
    untagged.write_text("".join(line.split(",", 1)[1] for line in tagged if line.startswith("Tag=home")))
    reader = HistogramLogReader(str(untagged), HdrHistogram(LOWEST_US, HIGHEST_US, DIGITS))
    total = HdrHistogram(LOWEST_US, HIGHEST_US, DIGITS)
    while (interval := reader.get_next_interval_histogram()) is not None:
        total.add(interval)
    reader.close()
    assert total.get_total_count() == 30
    assert total.get_max_value() == pytest.approx(19_000, rel=2e-3)
