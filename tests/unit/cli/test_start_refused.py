"""A second drill: of the same scenario only with a name, and never without a word."""

import subprocess
import sys
from pathlib import Path

import pytest

from drillyard.base.errors import ExitCode, UserError
from drillyard.base.paths import content
from drillyard.cli import start
from drillyard.drill.places import Places, Record, all_drills, create, new_record
from drillyard.drill.presence import Presence

SCENARIO = "performance-optimization"
pytestmark = pytest.mark.skipif(
    not (content() / "scenarios" / SCENARIO).is_dir(), reason="the scenario is not there"
)


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRILLYARD_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(start, "spawn", lambda _places: object())
    monkeypatch.setattr(start, "_follow", lambda _places, _spawned, *, as_json: None)


def new(name: str, scenario: str = SCENARIO) -> Places:
    return create(
        new_record(name=name, scenario=scenario, variant="1", workspace=None, traffic=True, scale=None)
    )


def names() -> list[str]:
    return [each.name for each in all_drills()]


def test_the_first_drill_has_the_scenarios_name_and_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    start.command(SCENARIO)
    assert names() == [SCENARIO]
    assert capsys.readouterr().err == ""


def test_a_second_drill_of_a_scenario_is_refused_without_a_name() -> None:
    new("mine")
    with pytest.raises(UserError) as refused:
        start.command(SCENARIO)
    assert refused.value.exit_code == ExitCode.USAGE
    assert "drill resume -d mine" in str(refused.value)
    assert f"drill start {SCENARIO} --name NAME" in str(refused.value)
    assert names() == ["mine"]


def test_a_second_drill_of_a_scenario_is_made_when_it_has_a_name() -> None:
    new(SCENARIO)
    start.command(SCENARIO, name="again")
    assert names() == ["again", SCENARIO]


def test_if_missing_goes_on_or_makes_it(capsys: pytest.CaptureFixture[str]) -> None:
    start.command(SCENARIO, if_missing=True)
    start.command(SCENARIO, if_missing=True)
    assert names() == [SCENARIO]
    assert capsys.readouterr().err == ""


def test_beside_a_drill_of_another_scenario_it_says_how_to_tell_them_apart(
    capsys: pytest.CaptureFixture[str],
) -> None:
    other = new("other", scenario="another")
    presence = Presence.take(other)
    assert presence is not None
    start.command(SCENARIO)
    presence.leave()
    said = capsys.readouterr().err
    assert "There are 2 drills now" in said
    assert f"`--drill {SCENARIO}`" in said
    assert f"export DRILL={SCENARIO}" in said
    assert "`drill pause --drill other`" in said
    assert "`drill stop --drill other`" in said


def test_a_drill_that_rests_need_not_be_stopped(capsys: pytest.CaptureFixture[str]) -> None:
    new("other", scenario="another")
    start.command(SCENARIO)
    said = capsys.readouterr().err
    assert "There are 2 drills now" in said
    assert "drill pause" not in said


def test_a_shipped_scenario_that_is_named_by_its_directory_is_remembered_by_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(content())
    start.command(f"scenarios/{SCENARIO}")
    (places,) = all_drills()
    assert Record.read(places).scenario == SCENARIO
    with pytest.raises(UserError, match="already"):
        start.command(SCENARIO)


def test_a_start_imports_little_before_the_daemon_begins(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from drillyard.cli import start\n"
        "start.spawn = lambda places: object()\n"
        "start._follow = lambda *given, **named: None\n"
        f"start.command({SCENARIO!r}, variant='7')\n"
        "heavy = {'httpx', 'pydantic', 'numpy', 'psycopg', 'starlette', 'yaml'} & set(sys.modules)\n"
        "sys.exit(repr(heavy) if heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
