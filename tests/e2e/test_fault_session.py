"""Faults through the command line and through the stock `chaos` command, and what a killed daemon leaves."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from e2e_terminal import SCALE, SCENARIO, Terminal

from drillyard.base.clock import wait_until
from drillyard.base.errors import ExitCode
from drillyard.drill.places import Places
from drillyard.drill.presence import daemon_of

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

EXPERIMENTS = Path(__file__).parents[2] / "docs" / "experiments"
INDEX = "SELECT count(*) FROM pg_indexes WHERE indexname = 'price_history_product'"


@pytest.fixture(scope="module")
def drill(terminal: Terminal) -> Terminal:
    """A shop with customers."""
    terminal.run("start", SCENARIO, "--name", "faulty", "--variant", "1", "--data-scale", SCALE)
    return terminal


def on(drill: Terminal) -> list[str]:
    found = drill.json("fault")["on"]
    assert isinstance(found, list)
    return [each["fault"] for each in found]


def asked(drill: Terminal, statement: str) -> str:
    return drill.run("psql", "-c", statement).stdout


def test_all_faults_are_listed_and_one_is_explained(drill: Terminal) -> None:
    said = drill.run("fault").stdout
    assert "network.delay" in said
    assert "process.kill-9" in said
    one = drill.run("fault", "list", "database.lock-holder").stdout
    assert "ACCESS EXCLUSIVE" in one
    assert "Undone: the session ends" in one
    drill.run("fault", "list", "nonsense", code=ExitCode.USAGE)


def test_a_fault_is_put_in_and_ended(drill: Terminal) -> None:
    begun = drill.json("fault", "inject", "process.pause", "component=mailsink", "--for", "60")
    assert on(drill) == ["process.pause"]
    refused = drill.run("check", "1", code=ExitCode.USAGE)
    assert "nothing can be judged meanwhile" in refused.stderr
    again = drill.run("fault", "inject", "process.kill", "component=mailsink", code=ExitCode.USAGE)
    assert "is on and has process:mailsink" in again.stderr
    drill.run("fault", "end", str(begun["number"]))
    assert on(drill) == []
    drill.run("fault", "end", str(begun["number"]), code=ExitCode.USAGE)


def test_what_is_wrong_is_said_with_the_next_step(drill: Terminal) -> None:
    for arguments, said in (
        (("network.delay", "link=storefront-1-to-valkey"), "no network that faults could be put into"),
        (("process.kill",), "component"),
        (("process.kill", "component"), "is no parameter"),
        (("application.delay", "delay_ms=-1"), "delay_ms"),
        (("application.delay", "--for", "1000"), "at most 600 seconds"),
        (("application.delay", "--error-budget", "2"), "--error-budget"),
    ):
        assert said in drill.run("fault", "inject", *arguments, code=ExitCode.USAGE).stderr


def test_an_error_budget_ends_a_fault_early(drill: Terminal) -> None:
    drill.run(
        "fault", "inject", "application.errors", "error_ratio=1", "--for", "120", "--error-budget", "0.01"
    )
    wait_until(lambda: on(drill) == [], deadline_s=60, what="the budget is spent", every_s=0.5)


def test_a_fault_that_a_killed_daemon_left_is_undone_by_the_next(drill: Terminal) -> None:
    drill.run("fault", "inject", "database.dropped-index", "index=price_history_product", "--for", "300")
    assert " 0\n" in asked(drill, INDEX)
    places = Places(drill.home / "data/drills/faulty")
    daemon = daemon_of(places)
    assert daemon
    os.kill(daemon.pid, signal.SIGKILL)
    drill.run("status")
    drill.run("resume")
    assert " 1\n" in asked(drill, INDEX)
    assert on(drill) == []


@pytest.mark.parametrize("experiment", sorted(path.stem for path in EXPERIMENTS.glob("*.yaml")))
def test_the_stock_chaos_command_runs_our_experiments(drill: Terminal, experiment: str) -> None:
    journal = drill.home / f"{experiment}.json"
    chaos = [str(Path(sys.executable).with_name("chaos")), "--no-version-check"]
    file = str(EXPERIMENTS / f"{experiment}.yaml")
    for command in (["validate", file], ["run", "--journal-path", str(journal), file]):
        done = subprocess.run(
            [*chaos, *command],
            env={**drill.env, "DRILL": "faulty"},
            cwd=drill.home,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(journal.read_text())
    assert found["status"] == "completed", found
    assert found["deviated"] is False
    assert all(each["status"] == "succeeded" for each in found["run"]), found["run"]
    assert on(drill) == []
