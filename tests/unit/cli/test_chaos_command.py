"""`drill chaos` without a drill: what it says, draws and keeps."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from drillyard.base.errors import ExitCode, UserError
from drillyard.chaos.page import page
from drillyard.chaos.running import Ran
from drillyard.chaos.seen import FaultSpan, Look, Sample, said_when_over, seen
from drillyard.chaos.steps import Steps
from drillyard.cli import chaos, chaos_drawn
from drillyard.cli.chaos_drawn import COLUMNS, Lines, columns, draw, fault_row
from drillyard.cli.main import app

REPLICA_DIES = Path(__file__).parents[3] / "docs" / "experiments" / "replica-dies.yaml"
FAULT = FaultSpan(3, "process.kill-9", 110.0, 120.0, {"component": "storefront-1"})
INVALID = "title: x\ndescription: d\nmethod:\n- type: action\n  name: n\n"


def journal(status: str = "completed", *, deviated: bool = False) -> dict[str, Any]:
    probe = {"name": "answers", "type": "probe", "tolerance": [1, 2]}
    met = {"steady_state_met": True, "probes": [{"activity": probe, "status": "succeeded", "output": 1}]}
    after = {**met, "steady_state_met": not deviated}
    action = {"activity": {"name": "it-dies", "type": "action"}, "status": "succeeded", "output": None}
    return {
        "experiment": {"title": "A replica dies", "description": "d",
                       "steady-state-hypothesis": {"title": "h", "probes": [probe]}},
        "status": status, "deviated": deviated, "run": [{**action, "start": None}], "rollbacks": [],
        "steady_states": {"before": met, "after": after, "during": []},
    }  # fmt: skip


def ran(**of: Any) -> Ran:
    looks = [
        Look(100.0 + at, 102.0 + at, {"latency.p95": Sample(30.0 + at, "ms")}, (FAULT,) if at > 8 else ())
        for at in range(0, 38, 2)
    ]
    return Ran(journal(**of), seen(100.0, 140.0, looks, [FAULT]), (FAULT,) if of.get("status") else ())


def running(over: Ran) -> Callable[..., Ran]:
    """What stands for a run that ends so."""

    def stand_in(*_: object, keep: Callable[[Ran], None], verbose: bool) -> Ran:
        keep(over)
        return over

    return stand_in


def drill(*arguments: object) -> Any:
    return CliRunner().invoke(app, [*map(str, arguments)], prog_name="drill")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An experiment that lies where something can be written."""
    monkeypatch.setenv("HOME", str(tmp_path))
    copy = tmp_path / "replica-dies.yaml"
    copy.write_text(REPLICA_DIES.read_text())
    return copy


def test_a_good_experiment_is_said_to_be_valid(file: Path) -> None:
    done = drill("chaos", "validate", file)
    assert (done.exit_code, done.stdout) == (ExitCode.OK, "The experiment is valid; 0 remarks.\n")


def test_what_is_odd_is_told_with_its_line(file: Path) -> None:
    text = file.read_text().replace(", seconds: 10, error_budget: 0.2", "")
    file.write_text(text[: text.index("rollbacks:")].replace("[0.97, 1.0]", "[0.1, 1.0]"))
    done = drill("chaos", "validate", file)
    assert done.exit_code == ExitCode.OK
    line = 1 + file.read_text().splitlines().index("  - type: action")
    assert f"{file}:{line}: method[0]: `process_kill_9` does not say for how long" in done.stdout
    assert "The hypothesis cannot fail" in done.stdout
    assert "4 remarks" in done.stdout
    found = json.loads(drill("chaos", "validate", file, "--json").stdout)
    assert found["valid"]
    assert {each["kind"] for each in found["remarks"]} == {
        "cannot-fail", "loose-tolerance", "no-rollbacks", "no-seconds",
    }  # fmt: skip


def test_what_would_be_refused_is_not_valid(file: Path) -> None:
    text = file.read_text()
    file.write_text(text.replace("seconds: 10", "seconds: 0"))
    assert text != file.read_text()
    done = drill("chaos", "validate", file)
    assert done.exit_code == ExitCode.USAGE
    assert "The experiment would not run as it says; 1 remark." in done.stdout
    assert not json.loads(drill("chaos", "validate", file, "--json").stdout)["valid"]


@pytest.mark.parametrize(("asked", "late"), [(115.0, False), (121.0, True)])
def test_a_probe_that_asked_when_all_was_over_is_named(
    asked: float, capsys: pytest.CaptureFixture[str], *, late: bool
) -> None:
    over = ran()
    probe = over.journal["steady_states"]["after"]["probes"][0]
    probe["start"] = datetime.fromtimestamp(asked, UTC).isoformat()
    said = "No fault was on any more when answers asked: that is what came after."
    assert said_when_over(over.journal, over.seen) == (said if late else "")
    draw(over)
    assert ("No fault was on any more" in capsys.readouterr().out) is late
    assert (said in page(over.journal, over.seen)) is late
    probe["activity"]["provider"] = {"func": "recovers_within"}
    assert said_when_over(over.journal, over.seen) == ""


@pytest.mark.parametrize("action", ["validate", "run"])
def test_an_invalid_one_is_refused_with_its_line(file: Path, action: str) -> None:
    file.write_text(INVALID)
    done = drill("chaos", action, file)
    assert isinstance(done.exception, UserError)
    assert done.exception.exit_code == ExitCode.USAGE
    assert str(done.exception).startswith("The experiment is not valid: an activity requires a provider")
    assert f"{file}:4, method[0]" in str(done.exception)
    assert not (file.parent / "journals").exists()


@pytest.mark.parametrize(
    ("of", "code"),
    [
        ({}, ExitCode.OK),
        ({"deviated": True}, ExitCode.FAILED),
        ({"status": "failed"}, ExitCode.INCONCLUSIVE),
        ({"status": "interrupted"}, ExitCode.INTERRUPTED),
    ],
)
def test_each_outcome_has_its_code_and_is_kept(
    file: Path, monkeypatch: pytest.MonkeyPatch, of: dict[str, Any], code: ExitCode
) -> None:
    monkeypatch.setattr(chaos, "_run", running(ran(**of)))
    done = drill("chaos", "run", file)
    assert done.exit_code == code, done.output
    assert "journals/replica-dies-1.html" in done.stdout
    assert sorted(each.name for each in (file.parent / "journals").iterdir()) == [
        "replica-dies-1.html", "replica-dies-1.json", "replica-dies-1.readings.json",
    ]  # fmt: skip


def test_a_journal_goes_where_it_is_asked_for_and_is_what_is_printed(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chaos, "_run", running(ran()))
    chosen = file.parent / "kept" / "mine.json"
    done = drill("chaos", "run", file, "--journal", chosen, "--json")
    assert json.loads(done.stdout) == json.loads(chosen.read_text()) == journal()
    again = drill("chaos", "run", file, "--journal", chosen)
    assert isinstance(again.exception, UserError)
    assert "no run is overwritten" in str(again.exception)


def test_without_a_drill_nothing_is_run(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRILLYARD_HOME", str(file.parent / "home"))
    done = drill("chaos", "run", file)
    assert isinstance(done.exception, UserError)
    assert done.exception.exit_code == ExitCode.NO_DRILL


def test_the_end_is_drawn_with_the_fault_below_the_readings(capsys: pytest.CaptureFixture[str]) -> None:
    draw(ran(deviated=True))
    shown = capsys.readouterr().out
    assert "A replica dies: deviated" in shown
    assert "answers: 1, asked for 1 to 2" in shown
    rows = [line for line in shown.splitlines() if line.startswith(("latency.p95", "process.kill-9"))]
    assert "▁" in rows[0]
    assert "30 ms .. 66 ms" in rows[0]
    assert rows[0].index("▁") == rows[1].index("·")
    assert "·" * 7 + "█" * 7 + "·" * 13 in rows[1]
    assert all(len(row.rstrip()) <= 80 for row in rows)


def test_charts_and_faults_share_their_columns() -> None:
    over = ran().seen
    row = columns(over.readings[0], over)
    assert len(row) == len(fault_row(FAULT, over)) == COLUMNS
    known = [value for value in row if value is not None]
    assert row[0] == 30.0
    assert known == sorted(known) == row[: len(known)]


def test_the_moment_between_two_looks_is_no_gap_and_a_look_that_failed_is_one() -> None:
    sample = {"latency.p95": Sample(30.0, "ms")}
    looks = [Look(100.0, 102.0, sample), Look(102.9, 104.9, sample), Look(110.0, 128.0, sample)]
    over = seen(100.0, 128.0, looks, ())
    drawn = [value is not None for value in columns(over.readings[0], over)]
    assert drawn == [*[True] * 6, *[False] * 4, *[True] * 18]


def test_line_by_line_a_few_looks_are_told_and_each_change_of_faults(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = Lines()
    for at in range(12):
        lines.look(Look(at, at + 1, {"latency.p95": Sample(30.0, "ms")}, (FAULT,) if at == 2 else ()))
    told = capsys.readouterr().err.splitlines()
    assert told == [
        "  latency.p95 30 ms; no fault is on",
        "  latency.p95 30 ms; on: process.kill-9",
        "  latency.p95 30 ms; no fault is on",
        "  latency.p95 30 ms; no fault is on",
    ]


def test_the_screen_shows_steps_readings_and_faults() -> None:
    steps = Steps()
    steps.started({}, {})
    steps.start_method({})
    activity = {"name": "it-dies", "type": "action"}
    steps.start_activity(activity)
    steps.activity_completed(activity, {"activity": activity, "status": "succeeded", "output": None})
    steps.start_activity({"name": "it-waits", "type": "probe"})
    looks = [Look(0, 2, {"latency.p95": Sample(30.0, "ms")}, (FAULT,))]
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(chaos_drawn._screen("A replica dies", steps, looks, 12))
    shown = console.export_text()
    for wanted in (
        "A replica dies",
        "method",
        "✔ it-dies: done",
        "▸ it-waits",
        "30 ms",
        "on: process.kill-9",
    ):
        assert wanted in shown
