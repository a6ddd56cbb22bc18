from dataclasses import replace
from pathlib import Path

import pytest

from drillyard import __version__
from drillyard.assess.check import Status
from drillyard.assess.criteria import CriterionResult, Item
from drillyard.assess.report import content as report
from drillyard.assess.report import file as report_file
from drillyard.assess.report.file import page, signed_json
from drillyard.assess.scores import Score
from drillyard.base.errors import ExitCode, UserError
from drillyard.base.signing import ForgedError, MachineKey
from drillyard.cli import report as report_command
from drillyard.cli.reports import draw_report
from drillyard.drill.views import AttemptView, ReportView


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRILLYARD_HOME", str(tmp_path / "home"))


@pytest.fixture
def made() -> report.Report:
    seen = report.EvidenceLine(
        "Blocks per request", Status.FAIL, 3.0, 2.5, 3.5, "ratio", "at most 2.2", None, "", "the plan", ""
    )
    checks = tuple(
        report.CheckLine(f"c{number}", f"Check {number}", "once", status, "", False, (seen,))
        for number, status in enumerate([Status.PASS] * 12 + [Status.FAIL] * 3)
    )
    items = (Item("Check", Status.PASS, ("c1",)), Item("Other", Status.FAIL, ("c14",)))
    criteria = tuple(
        CriterionResult(name, name.title(), Status.FAIL, 0.5, items)
        for name in ("tasks", "objectives", "documentation", "analysis")
    )
    scores = tuple(Score(f"reading.{number}", "ms", 10.0, 40.0, 9.0, 0.9) for number in range(7))
    return report.Report(
        format_version=2, drillyard=__version__, generated_at=0, scenario="s", title="A drill", variant="7",
        measurement="s1", measured_from=0, measured_to=1, active_seconds=3600, status=Status.FAIL,
        points=47.0, criteria=criteria, tasks=(report.TaskLine("t", "Task", Status.FAIL, "", checks),),
        invariants=(),
        documents=(), analysis=(), scores=scores, figures=(), capacities=(),
        story=report.Story(attempt=2, hints=(report.HintLine("t", 1, 0.0, 3.0),)),
    )  # fmt: skip


@pytest.fixture
def view(made: report.Report, tmp_path: Path) -> ReportView:
    attempts = [
        AttemptView(number=1, at=0.0, outcome="fail", points=60.0),
        AttemptView(number=2, at=1.0, outcome="fail", points=47.0),
    ]
    signed = signed_json(made, MachineKey.here())
    return ReportView(
        attempt=2, outcome="fail", points=47.0, markdown="", data=signed, files=[str(tmp_path / "page.html")],
        attempts=attempts, best=1,
    )  # fmt: skip


def test_a_report_fits_on_one_screen_and_says_what_is_open(
    view: ReportView, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draw_report(view)
    assert "page.html" not in capsys.readouterr().out  # it could not be written
    (tmp_path / "page.html").touch()
    draw_report(view)
    shown = capsys.readouterr().out
    assert len(shown.splitlines()) <= 45
    for wanted in (
        "A drill: fail",
        "47 points of 100, 3 less for hints",
        "1 of 2",
        "Check 14",
        "c14, once",
        "look at: the plan",
        "best",
        "page.html",
        "drill report --debrief",
    ):
        assert wanted in shown
    assert "Check 3 " not in shown


def test_a_true_file_is_told_with_what_it_says(
    view: ReportView, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, text in (
        ("r.json", view.data),
        ("r.html", page(view.data)),
        ("bom.json", "\ufeff" + view.data),
    ):
        (tmp_path / name).write_bytes(text.encode())
        report_command.command(check=tmp_path / name)
        shown = capsys.readouterr().out
        assert "as it was signed" in shown.replace("\n", " ")
        assert "fail" in shown
        assert "this machine's" in shown


def test_a_page_whose_looks_cannot_be_compared_is_no_yes(
    made: report.Report, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:
        older.setattr(report_file, "PAGE_MAKER", "another")
        text = page(signed_json(made, MachineKey.here()))
    (tmp_path / "r.html").write_bytes(text.replace("✗ fail", "✓ pass").encode())
    with pytest.raises(SystemExit) as ended:
        report_command.command(check=tmp_path / "r.html")
    assert ended.value.code == ExitCode.INCONCLUSIVE
    assert "Do not read the page" in capsys.readouterr().out.replace("\n", " ")


def test_an_altered_file_is_told_with_its_name(view: ReportView, tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(view.data.replace('"points": 47.0', '"points": 97.0'))
    with pytest.raises(ForgedError) as caught:
        report_command.command(check=tmp_path / "r.json")
    assert caught.value.exit_code == ExitCode.FAILED
    assert caught.value.where == str(tmp_path / "r.json")
    with pytest.raises(UserError, match="cannot be read"):
        report_command.command(check=tmp_path / "nowhere")


def test_notes_with_any_line_ends_survive_the_page(
    made: report.Report, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    story = replace(made.story, notes=("one\r\ntwo\rthree",))
    text = page(signed_json(replace(made, story=story), MachineKey.here()))
    (tmp_path / "r.html").write_bytes(text.encode())
    report_command.command(check=tmp_path / "r.html", as_json=True)
    assert '"page_compared": true' in capsys.readouterr().out


def test_what_nobody_could_tell_of_something_that_passed_is_shown(
    made: report.Report, capsys: pytest.CaptureFixture[str]
) -> None:
    doubt = report.EvidenceLine(
        "results.md:12 “48.0 s” has no measurement behind it", Status.INCONCLUSIVE, None, None, None, "", "",
        None, "", "", "",
    )  # fmt: skip
    document = report.CheckLine("document:results.md", "It is complete", "", Status.PASS, "", False, (doubt,))
    signed = signed_json(replace(made, documents=(document,)), MachineKey.here())
    draw_report(
        ReportView(attempt=2, outcome="fail", points=47.0, markdown="", data=signed, attempts=[], files=[])
    )
    assert "? results.md:12 “48.0 s” has no measurement behind it\n" in capsys.readouterr().out
