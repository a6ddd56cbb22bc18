"""What the daemon keeps of the readings that it was asked for."""

import errno
import logging
import os
from pathlib import Path

import pytest

from drillyard.drill.observations import Observation, Observations
from drillyard.drill.readings_now import ReadingsView, ReadingView


def view(began: float, value: float = 1.0) -> ReadingsView:
    reading = ReadingView(name="latency.p95", value=value, unit="ms", source="customers")
    return ReadingsView(began=began, ended=began + 2, readings=[reading])


def test_what_was_answered_is_there_again_in_order(tmp_path: Path) -> None:
    kept = Observations(tmp_path)
    assert kept.all() == []
    kept.keep(view(10.0, 1.5))
    kept.keep(view(12.0, float("nan")))
    assert Observations(tmp_path).all() == [
        Observation(10.0, 12.0, {"latency.p95": 1.5}),
        Observation(12.0, 14.0, {}),
    ]
    assert (tmp_path / "observations.jsonl").stat().st_mode & 0o777 == 0o600


def test_a_line_that_was_cut_short_costs_only_itself(tmp_path: Path) -> None:
    kept = Observations(tmp_path)
    kept.keep(view(1.0))
    with (tmp_path / "observations.jsonl").open("a") as file:
        file.write('{"began": 2.0, "en')
    kept.keep(view(3.0))
    assert [each.began for each in kept.all()] == [1.0, 3.0]


def test_the_file_stays_bounded_and_the_newest_stay(tmp_path: Path) -> None:
    kept = Observations(tmp_path, limit_bytes=2000)
    for number in range(200):
        kept.keep(view(float(number)))
    began = [each.began for each in kept.all()]
    assert began == [float(number) for number in range(200 - len(began), 200)]
    assert len(began) > 10
    assert (tmp_path / "observations.jsonl").stat().st_size <= 2000
    assert [file.name for file in tmp_path.iterdir()] == ["observations.jsonl"]


def test_a_full_disk_fails_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    kept = Observations(tmp_path)
    with caplog.at_level(logging.WARNING):
        monkeypatch.setattr(os, "open", full)
        kept.keep(view(1.0))
    assert "No space left" in caplog.text


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_a_write_that_finds_no_room_is_noted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "observations.jsonl").symlink_to("/dev/full")
    with caplog.at_level(logging.WARNING):
        Observations(tmp_path).keep(view(1.0))
    assert "not kept" in caplog.text


def test_at_a_reset_nothing_stays(tmp_path: Path) -> None:
    kept = Observations(tmp_path)
    kept.keep(view(1.0))
    kept.forget()
    kept.forget()
    assert kept.all() == []
