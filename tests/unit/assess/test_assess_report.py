import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from drillyard.assess.check import Evidence, Status, Verdict
from drillyard.assess.criteria import criteria
from drillyard.assess.experiments.runs import Activity, Experiments, Injected, Observed, Run
from drillyard.assess.judge import CheckResult, Judgement, TaskResult
from drillyard.assess.measurement import Capacity
from drillyard.assess.report import content as report
from drillyard.assess.report import file as report_file
from drillyard.assess.report.file import file_schema, page, report_of, signed_json, verify
from drillyard.assess.report.page import render
from drillyard.assess.report.svg import Bar, Curve, Zone, bars, curves, over_time, sparkline
from drillyard.assess.report.text import markdown
from drillyard.assess.scores import Score
from drillyard.base.errors import UserError
from drillyard.base.signing import ForgedError, MachineKey
from drillyard.scenario.manifest import Criterion

SCHEMA = Path(__file__).parents[3] / "docs" / "report.schema.json"
EVIL = "<script>alert('x')</script>&"


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("DRILLYARD_HOME", str(tmp_path / "home"))


def experiments():
    fault = Injected(
        1, "network.cut", {"link": "storefront-*-to-valkey"}, 20.0, 110.0, 128.0, "its time was over"
    )
    action = Activity(
        "action", "cut", "drillyard.chaos.actions", "network_cut", {}, "succeeded", {}, 109.9, 110.1
    )
    probe = Activity(
        "probe", "p", "drillyard.chaos.probes", "success_ratio", {}, "succeeded", 0.3, 112.0, 115.0, met=False
    )
    run = Run("gone-1", {"title": EVIL}, "completed", True, 100.0, 130.0, (), (action,), (probe,))
    good, bad = {"requests.success_ratio": 1.0}, {"requests.success_ratio": 0.3}
    looks = (Observed(102.0, 105.0, good), Observed(112.0, 115.0, bad))
    return Experiments({"gone": {}}, (run, replace(run, name="gone-2", after=())), {}, (fault,), looks)


def test_runs_of_experiments_are_told_with_what_they_moved(made):
    first, second = made.experiments
    assert (first.outcome, second.outcome) == ("deviated", "")
    assert first.broken == ("network.cut storefront-*-to-valkey",)
    assert [(each.reading, each.before, each.during) for each in first.moved] == [
        ("requests.success_ratio", 1.0, 0.3)
    ]
    for shown in (render(made), markdown(made)):
        assert "network.cut storefront-*-to-valkey" in shown
        assert "deviated" in shown
        assert "par now" not in shown  # nobody measured it
        assert "twin now" in shown


@pytest.fixture
def made(make_measurement):
    first = make_measurement({"learner": {"db.calls_per_request": [40.0, 44.0]}})
    m = make_measurement(
        {
            "learner": {"db.calls_per_request": [10.0, 11.0, 9.0, 10.0]},
            "twin": {"db.calls_per_request": [40.0, 44.0, 36.0, 40.0]},
        },
        earlier=(first,),
        experiments=experiments(),
        capacities={
            "learner": Capacity(150.0, 200.0, EVIL, ((100.0, 20.0, 0.0), (200.0, 900.0, 0.1))),
            "twin": Capacity(50.0, float("inf"), EVIL, ((50.0, 400.0, 0.0), (60.0, float("inf"), 1.0))),
        },
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
        analysis=(check,),
        criteria=criteria([check], [], [check], [check], [Criterion(text=EVIL, checks=("c",))]),
        scores=(Score("latency.p95", "ms", 10.0, 40.0, 10.0, 1.0),),
    )
    story = report.Story(
        drill=EVIL,
        hints=(report.HintLine(EVIL, 1, 0.0, 5.0),),
        timeline=(
            report.TimelineLine(0.0, "learner", EVIL),
            report.TimelineLine(1.0, "range", "valkey: died"),
        ),
        notes=(EVIL,),
        planted=(EVIL,),
        debrief=f"# Debrief\n\n{EVIL}\n\n| a | b |\n|---|---|\n| 1 | 2 |\n",
        attempts=(report.AttemptLine(1, 0.0, Status.FAIL, 50.0),),
    )
    return report.build(judgement, m, story)


def test_the_published_schema_is_that_of_the_code():
    assert json.loads(SCHEMA.read_text()) == file_schema()


def test_a_report_reads_back_and_is_strict_json(made):
    signed = signed_json(made, MachineKey.here())
    again = report_of(signed)
    assert again.tasks[0].checks[0].evidence[0].value is None
    assert again.figures[0].before == pytest.approx(42)
    assert again.figures[0].ratio == pytest.approx(0.25)
    assert signed_json(again, MachineKey.here()) == signed


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loaded: list[str] = []
        self.scripts: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loaded += [value or "" for name, value in attrs if name == "src" or tag == "link"]
        if tag == "script":
            self.scripts.append(dict(attrs).get("type"))


def test_the_page_loads_nothing_and_runs_nothing(made):
    for text in (render(made), page(signed_json(made, MachineKey.here()))):
        parsed = _Page()
        parsed.feed(text)
        assert set(parsed.scripts) <= {"application/json"}
        assert parsed.loaded == []
        assert not re.search(r"url\(|@import", text)
        assert "&lt;script&gt;" in text
        assert EVIL not in text
        assert "svg" in parsed.tags
        assert parsed.tags.count("table") >= 3


def test_the_page_shows_everything_that_the_report_holds(made):
    text = render(made)
    for wanted in (
        "Tasks completed",
        "Objectives achieved",
        "Documentation complete",
        "Results analysed",
        "Before and after",
        "Under rising load",
        "Hints that were read",
        "What happened",
        "valkey: died",
        "Earlier attempts",
        "What was planted",
        "<h1>Debrief</h1>",
    ):
        assert wanted in text


def test_a_page_of_a_measurement_that_gave_nothing_still_stands(made):
    empty = replace(
        made, tasks=(), invariants=(), documents=(), analysis=(), scores=(), figures=(), capacities=(),
        criteria=(), points=None, story=report.Story(),
    )  # fmt: skip
    assert render(empty).endswith("</html>\n")
    assert "no points yet" in markdown(empty)


def test_what_was_signed_verifies_as_file_and_as_page(made):
    key = MachineKey.here()
    signed = signed_json(made, key)
    for text in (signed, page(signed)):
        found = verify(text)
        assert found.key == key.thumbprint
        assert found.page
        assert found.report == report_of(signed)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"status": "fail"', '"status": "pass"'),
        ('"points": ', '"points": 1'),
        ('"variant": "7"', '"variant": "8"'),
        ('"format_version": 2', '"format_version": 2, "format_version": 2'),
        ('"signature": "', '"signature": "x'),
        ('"story": {', '"added": 1, "story": {'),
    ],
)
def test_an_altered_file_or_page_is_told(made, old, new):
    signed = signed_json(made, MachineKey.here())
    for text in (signed, page(signed)):
        altered = text.replace(old, new)
        assert altered != text
        with pytest.raises(UserError):
            verify(altered)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("✗ fail", "✓ pass"),
        ("</body>", "<p>100 points</p></body>"),
        ("<style>", "<style>.fail{display:none}"),
    ],
)
def test_a_page_that_shows_other_than_was_signed_is_told(made, old, new):
    text = page(signed_json(made, MachineKey.here()))
    assert old in text
    with pytest.raises(ForgedError, match="page around the report was altered"):
        verify(text.replace(old, new))


def test_a_page_of_another_version_is_true_in_its_data_only(made, monkeypatch):
    text = page(signed_json(made, MachineKey.here()))
    altered = text.replace("</body>", "\n</body>")
    assert verify(text).page
    with pytest.raises(ForgedError):
        verify(altered)
    monkeypatch.setattr(report_file, "PAGE_MAKER", "another")
    assert verify(text).page
    assert not verify(altered).page


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "hello",
        '{"report": {}, "signature": ""}',
        '{"report": NaN, "signature": ""}',
        "[" * 100_000,
    ],
)
def test_what_is_no_report_is_said_to_be_none(text):
    with pytest.raises(UserError):
        verify(text)


def test_a_report_signed_by_another_key_says_whose(made, tmp_path, monkeypatch):
    signed = signed_json(made, MachineKey.here())
    ours = MachineKey.here().thumbprint
    monkeypatch.setenv("DRILLYARD_HOME", str(tmp_path / "other"))
    assert verify(signed).key == ours != MachineKey.here().thumbprint


def test_charts_say_in_words_what_they_show():
    assert 'aria-label="3 windows, 1 to 3"' in sparkline([1, 2, 3])
    assert sparkline([1]) == ""
    assert sparkline([None, 1.0]) == ""
    rows = [Bar("twin", 4.0, "4 ms"), Bar("yours", 1.0, "1 ms"), Bar("par", float("nan"), "-")]
    assert 'aria-label="twin 4 ms, yours 1 ms"' in bars(rows)
    assert bars([Bar("twin", 0.0, "0"), Bar("yours", 0.0, "0")]) == ""
    drawn = curves([Curve("yours", [(10, 5.0), (20, 50.0)]), Curve("twin", [(10, 0.0)])], x="req/s", y="ms")
    assert 'aria-label="ms by req/s of yours, twin"' in drawn
    assert drawn.count("<circle") == 2
    assert curves([Curve("yours", [(10, 5.0)])], x="req/s", y="ms") == ""


@pytest.mark.parametrize(
    ("until", "value", "seconds", "values"),
    [
        (36.5, 1.0, ["0", "10", "20", "30"], ["0", "0.2", "0.4", "0.6", "0.8", "1"]),
        (60, 0.3, ["0", "20", "40", "60"], ["0", "0.1", "0.2", "0.3"]),
        (7, 1234, ["0", "2", "4", "6"], ["0", "200", "400", "600", "800", "1000", "1200"]),
    ],
)
def test_axes_are_marked_at_round_numbers(until, value, seconds, values):
    drawn = over_time(Curve("p95", [(1, value)]), [Zone("cache.flush", 1, 5)], until=until, y="ms")
    assert re.findall(r'text-anchor="middle">([^<]*)<', drawn) == seconds
    assert re.findall(r'text-anchor="end">([^<]*)<', drawn) == values
    assert drawn.index("<circle") < drawn.index(">cache.flush<"), "a name is over the line, not under it"
