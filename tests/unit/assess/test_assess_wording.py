import math

import pytest

from drillyard.assess.check import Status
from drillyard.assess.report.content import CheckLine, EvidenceLine, FigureLine, Report, Story, TaskLine
from drillyard.assess.report.text import markdown
from drillyard.assess.scores import Score
from drillyard.assess.wording import amount, judged


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (943718400.0, "B", "900 MiB"),
        (0.5, "ratio", "50 %"),
        (57.2, "ratio", "57.2 times"),
        (8.0, "ms", "8 ms"),
        (math.inf, "ratio", "-"),
        (math.nan, "ms", "-"),
    ],
)
def test_amounts_read_as_people_write_them(value: float, unit: str, text: str) -> None:
    assert amount(value, unit) == text


@pytest.mark.parametrize(
    ("value", "interval", "unit", "threshold", "text"),
    [
        (5.68e8, (None, None), "B", "never above 9.437e+08", "w: 542 MiB, asked for never above 900 MiB"),
        (0.854, (0.731, 0.998), "ratio", "at least 0.8", "w: 0.854 (0.731 .. 0.998), asked for at least 0.8"),
        (6.0, (6.0, 6.0), "", "never above 7", "w: 6, asked for never above 7"),
        (None, (None, None), "s", "", "w"),
    ],
)
def test_what_was_found_and_what_was_asked_are_on_one_scale(
    value: float | None, interval: tuple[float | None, float | None], unit: str, threshold: str, text: str
) -> None:
    assert judged("w", value, interval, unit, threshold) == text


def test_the_report_names_what_was_planted_and_writes_no_machine_figures() -> None:
    memory = EvidenceLine(
        "Memory", Status.PASS, 5.68e8, None, None, "B", "never above 9.437e+08", None, "", "", ""
    )
    unread = EvidenceLine("Felt", Status.INCONCLUSIVE, None, None, None, "ms", "", None, "", "", "too busy")
    checks = (
        CheckLine("memory", "The budget", "once", Status.PASS, "", False, (memory,)),
        CheckLine("felt", "Felt", "still true at the end", Status.INCONCLUSIVE, "", False, (unread,)),
    )
    report = Report(
        format_version=2,
        drillyard="1",
        generated_at=0,
        scenario="s",
        title="T",
        variant="7",
        measurement="s1",
        measured_from=0,
        measured_to=1,
        active_seconds=60,
        status=Status.INCONCLUSIVE,
        points=80.0,
        criteria=(),
        tasks=(TaskLine("t", "Task", Status.INCONCLUSIVE, "", checks),),
        invariants=(),
        documents=(),
        analysis=(),
        scores=(Score("cache.hit_ratio", "ratio", 0.5, 0.0, 0.53, None),),
        figures=(FigureLine("cache.hit_ratio", "ratio", 0.0, 0.5, 0.0, 0.53, math.inf, None, None, ()),),
        capacities=(),
        story=Story(planted=("cache: A key with the request in it",), debrief="debrief"),
    )
    text = markdown(report)
    assert "80 points of 100, no hint taken" in text
    assert "The budget (`memory`, once)" in text
    assert "- cache: A key with the request in it" in text
    assert "Memory: 542 MiB, asked for never above 900 MiB" in text
    assert "| cache.hit_ratio | 0 % | 50 % | 53 % | - |" in text
    assert "inf" not in text
    assert text.count("Felt") == 1
    assert "too busy" in text
