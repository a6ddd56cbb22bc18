"""`drill chaos` on a running shop: a run with all that it keeps, and one that is interrupted."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from e2e_terminal import SCALE, SCENARIO, Terminal

from drillyard.base.clock import wait_until
from drillyard.base.errors import ExitCode
from drillyard.drill.observations import Observations
from drillyard.drill.places import Places

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

REPLICA_DIES = Path(__file__).parents[2] / "docs" / "experiments" / "replica-dies.yaml"


@pytest.fixture(scope="module")
def drill(terminal: Terminal) -> Terminal:
    """A shop with customers."""
    terminal.run("start", SCENARIO, "--name", "shaken", "--variant", "1", "--data-scale", SCALE)
    return terminal


@pytest.fixture(scope="module")
def experiment(drill: Terminal) -> Path:
    """A copy of ours, so that journals do not go into the sources."""
    copy = drill.home / REPLICA_DIES.name
    copy.write_text(REPLICA_DIES.read_text())
    return copy


def on(drill: Terminal) -> list[str]:
    found = drill.json("fault")["on"]
    assert isinstance(found, list)
    return [each["fault"] for each in found]


def test_it_is_valid_and_nothing_is_odd_in_it(drill: Terminal, experiment: Path) -> None:
    assert drill.json("chaos", "validate", str(experiment)) == {"valid": True, "remarks": []}


def test_a_run_keeps_journal_readings_and_page(drill: Terminal, experiment: Path) -> None:
    done = drill.run("chaos", "run", str(experiment), "--drill", "shaken", timeout_s=180)
    for told in (
        "hypothesis before",
        "a-replica-dies",
        "served-again-within-ten-seconds",
        "hypothesis after",
    ):
        assert told in done.stderr
    assert "requests.success_ratio" in done.stderr
    assert "process.kill-9" in done.stdout
    assert "█" in done.stdout
    stem = experiment.parent / "journals" / "replica-dies-1"
    journal = json.loads(stem.with_suffix(".json").read_text())
    assert (journal["status"], journal["deviated"]) == ("completed", False)
    assert journal["experiment"]["configuration"] == {"drill": "shaken"}
    seen = json.loads(stem.with_suffix(".readings.json").read_text())
    names = {each["what"]: each["unit"] for each in seen["readings"]}
    assert names["requests.success_ratio"] == "ratio"
    assert names["business.orders"] == "/min"
    assert all(began < ended for each in seen["readings"] for began, ended, _ in each["values"])
    (fault,) = seen["faults"]
    assert (fault["fault"], fault["parameters"]["component"]) == ("process.kill-9", "storefront-1")
    assert seen["began"] < fault["began"] < fault["ended"] <= seen["ended"]
    page = stem.with_suffix(".html").read_text()
    assert "<title>process.kill-9, " in page
    assert all(outside not in page for outside in ("http:", "https:", "src=", "<script"))
    assert on(drill) == []
    assert not list(drill.home.rglob("chaostoolkit.log"))


def test_ctrl_c_ends_it_with_its_faults_and_keeps_the_journal(drill: Terminal, experiment: Path) -> None:
    journal = drill.home / "cut.json"
    text = experiment.read_text().replace("seconds: 10, error_budget: 0.2", "seconds: 300")
    longer = experiment.with_name("longer.yaml")
    longer.write_text(text.replace("{seconds: 10, ratio: 0.97}", "{seconds: 120, ratio: 0.97, held: 60}"))
    begun = subprocess.Popen(
        [sys.executable, "-m", "drillyard.cli.main", "chaos", "run", str(longer), "--journal", str(journal)],
        env=drill.env,
        cwd=drill.home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: on(drill) == ["process.kill-9"], deadline_s=60, what="it is on", every_s=0.5)
    time.sleep(1)  # the next step has begun
    os.kill(begun.pid, signal.SIGINT)
    out, err = begun.communicate(timeout=60)
    assert begun.returncode == ExitCode.INTERRUPTED, out + err
    assert "Traceback" not in err
    assert "Ended with the run: fault" in err
    assert json.loads(journal.read_text())["status"] == "interrupted"
    assert journal.with_suffix(".html").is_file()
    assert on(drill) == []


def test_a_run_of_a_paused_drill_says_so(drill: Terminal, experiment: Path) -> None:
    drill.run("pause")
    done = drill.run("chaos", "run", str(experiment), code=ExitCode.USAGE)
    assert "drill resume" in done.stderr
    drill.run("resume")


def test_what_was_read_is_kept_by_the_daemon_until_a_reset(drill: Terminal) -> None:
    kept = Observations(Places(drill.home / "data/drills/shaken").private)
    assert len(kept.all()) > 5
    drill.run("reset", "--yes")
    assert kept.all() == []
