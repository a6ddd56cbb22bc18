import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from drillyard.assess import report
from drillyard.assess.check import Evidence, Status, Verdict
from drillyard.assess.judge import CheckResult, Judgement, TaskResult
from drillyard.assess.report_html import render
from drillyard.assess.report_svg import bars, sparkline
from drillyard.assess.scores import Score

SCHEMA = Path(__file__).parents[3] / "docs" / "report.schema.json"
EVIL = "<script>alert('x')</script>&"


@pytest.fixture
def judged(make_measurement):
    first = make_measurement({"learner": {"db.calls_per_request": [40.0, 44.0]}})
    m = make_measurement(
        {
            "learner": {"db.calls_per_request": [10.0, 11.0, 9.0, 10.0]},
            "twin": {"db.calls_per_request": [40.0, 44.0, 36.0, 40.0]},
        },
        earlier=(first,),
    )
    evidence = Evidence(EVIL, Status.FAIL, value=float("inf"), low=1.0, high=2.0, look_next=EVIL, source=EVIL)
    check = CheckResult("c", "t", EVIL, Verdict(Status.FAIL, (evidence,), EVIL))
    judgement = Judgement(
        scenario="test",
        title=EVIL,
        variant="7",
        measurement="m1",
        status=Status.FAIL,
        tasks=(TaskResult("t", EVIL, Status.FAIL, (check,)),),
        invariants=(check,),
        documents=(check,),
        scores=(Score("latency.p95", "ms", 10.0, 40.0, 10.0, 1.0),),
        success_criteria=(EVIL,),
    )
    return judgement, m


def test_the_published_schema_is_that_of_the_code():
    assert json.loads(SCHEMA.read_text()) == report.schema()


def test_a_report_reads_back_and_is_strict_json(judged):
    made = report.build(*judged)
    text = report.to_json(made)
    again = report.from_json(text)
    assert again.tasks[0].checks[0].evidence[0].value is None
    assert again.figures[0].before == pytest.approx(42)
    assert again.figures[0].ratio == pytest.approx(0.25)
    assert report.to_json(again) == text


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]


def test_the_page_needs_no_network_and_runs_no_script(judged):
    text = render(report.build(*judged))
    page = _Page()
    page.feed(text)
    assert "script" not in page.tags
    assert page.links == []
    assert not re.search(r"url\(|@import|https?://", text)
    assert "&lt;script&gt;" in text
    assert "svg" in page.tags


def test_a_page_of_a_measurement_that_gave_nothing_still_stands(judged):
    judgement, m = judged
    empty = replace(judgement, tasks=(), invariants=(), documents=(), scores=())
    assert render(report.build(empty, replace(m, windows=(), earlier=()))).endswith("</html>\n")


def test_charts_say_in_words_what_they_show():
    assert 'aria-label="3 windows, 1 to 3"' in sparkline([1, 2, 3])
    assert sparkline([1]) == ""
    assert sparkline([None, 1.0]) == ""
    assert 'aria-label="twin 4, yours 1"' in bars((("twin", 4.0), ("yours", 1.0), ("par", None)))
    assert bars((("twin", 0.0), ("yours", 0.0))) == ""
