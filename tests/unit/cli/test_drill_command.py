import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from drillyard.base.errors import ExitCode
from drillyard.cli.commands import COMMANDS
from drillyard.cli.main import app


def drill(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "drillyard.cli.main", *arguments],
        env={**os.environ, "DRILLYARD_HOME": str(home), "HOME": str(home), "COLUMNS": "100", "DRILL": ""},
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_lists_every_command_and_imports_none(tmp_path: Path) -> None:
    shown = drill(tmp_path, "--help").stdout
    assert all(f" {command.name} " in shown for command in COMMANDS)
    code = (
        "import sys; sys.argv[1:] = ['--help']\n"
        "from drillyard.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'httpx', 'pydantic', 'numpy', 'psycopg', 'starlette'} & set(sys.modules)\n"
        "sys.exit(repr(heavy) if heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", [command.name for command in COMMANDS])
def test_every_command_has_help(name: str) -> None:
    done = CliRunner().invoke(app, [name, "--help"], prog_name="drill")
    assert done.exit_code == ExitCode.OK, done.output
    assert f"Usage: drill {name}" in done.output


@pytest.mark.parametrize("name", ["status", "apply"])
def test_without_a_drill_it_says_how_to_start_one(name: str, tmp_path: Path) -> None:
    done = drill(tmp_path, name)
    assert done.returncode == ExitCode.NO_DRILL
    assert "drill start" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_scenario_is_refused_with_those_there_are(tmp_path: Path) -> None:
    done = drill(tmp_path, "start", "no-such-thing")
    assert done.returncode == ExitCode.USAGE
    assert "no-such-thing" in done.stderr
    assert not (tmp_path / "drills").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--variant", "x"], "`x` is not a variant"),
        (["--variant", "only:none-such"], "no flaw is called none-such"),
        (["--name", "Not_A_Name"], "cannot be the name"),
        (["--workspace", __file__], "cannot be put here"),
        (["--workspace", str(Path(__file__).parent)], "not empty"),
    ],
)
def test_a_start_that_cannot_be_leaves_no_drill(arguments: list[str], said: str, tmp_path: Path) -> None:
    done = drill(tmp_path, "start", "performance-optimization", *arguments)
    assert done.returncode == ExitCode.USAGE
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "drills").exists()


def test_a_drill_is_named_before_or_after_the_command(tmp_path: Path) -> None:
    for arguments in (("--drill", "mine", "status"), ("-d", "mine", "status"), ("status", "--drill", "mine")):
        done = drill(tmp_path, *arguments)
        assert done.returncode == ExitCode.NO_DRILL
        assert "no drill called `mine`" in done.stderr
    both = drill(tmp_path, "--drill", "mine", "status", "--drill", "yours")
    assert "no drill called `yours`" in both.stderr


def test_a_command_that_acts_on_no_drill_refuses_one(tmp_path: Path) -> None:
    done = drill(tmp_path, "--drill", "mine", "list")
    assert done.returncode == ExitCode.USAGE
    assert "`drill list` acts on no drill" in done.stderr


def test_an_unknown_command_is_a_usage_error(tmp_path: Path) -> None:
    assert drill(tmp_path, "frobnicate").returncode == ExitCode.USAGE


def test_certify_plays_the_first_variants_or_those_named(tmp_path: Path) -> None:
    done = drill(tmp_path, "certify", "--variants", "2", "--variant", "5")
    assert done.returncode == ExitCode.USAGE
    assert "either the first so many, or those named" in done.stderr
