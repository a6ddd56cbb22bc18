import json
import os
import signal
import subprocess
import urllib.request
from pathlib import Path

import psutil
import pytest
from e2e_terminal import SCALE, SCENARIO, Terminal

from drillyard.base.clock import wait_until
from drillyard.base.errors import ExitCode
from drillyard.base.processes import ProcessIdentity
from drillyard.drill.places import Places
from drillyard.drill.presence import daemon_of

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def drill(terminal: Terminal) -> Terminal:
    """A drill that runs, started as a person would."""
    started = terminal.json("start", SCENARIO, "--variant", "3", "--data-scale", SCALE)
    assert started["workspace"] == str(terminal.home / "drills" / SCENARIO)
    return terminal


def places(terminal: Terminal) -> Places:
    return Places(terminal.home / "data/drills" / SCENARIO)


def status(terminal: Terminal) -> dict[str, object]:
    return terminal.json("status")


def workspace(terminal: Terminal) -> Path:
    return terminal.home / "drills" / SCENARIO


def test_the_shop_serves_and_customers_come(drill: Terminal) -> None:
    now = status(drill)
    assert now["state"] == "running"
    with urllib.request.urlopen(str(now["url"])) as page:
        assert page.status == 200
    wait_until(
        lambda: status(drill)["customers"] is not None, deadline_s=20, what="customers came", every_s=0.5
    )


def test_status_fits_one_screen(drill: Terminal) -> None:
    shown = drill.run("status").stdout.splitlines()
    assert len(shown) <= 24
    assert max(map(len, shown)) <= 80
    assert any("Next:" in line for line in shown)


def test_the_workspace_is_a_clean_repository(drill: Terminal) -> None:
    done = subprocess.run(
        ["git", "status", "--porcelain"], cwd=workspace(drill), capture_output=True, text=True, check=True
    )
    assert done.stdout == ""


def test_brief_and_every_task_page_can_be_read(drill: Terminal) -> None:
    brief = drill.json("brief")
    assert isinstance(brief["tasks"], list)
    for task in brief["tasks"]:
        assert len(drill.run("brief", str(task["number"])).stdout) > 200


def test_a_bad_file_is_refused_with_file_and_line_and_nothing_changes(drill: Terminal) -> None:
    config = workspace(drill) / "haproxy/haproxy.cfg"
    good = config.read_text()
    config.write_text(good + "\nfrobnicate everything\n")
    refused = drill.run("apply", code=ExitCode.USAGE)
    assert "haproxy/haproxy.cfg:" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert status(drill)["state"] == "running"
    config.write_text(good)
    assert drill.json("apply")["files"] == []


def test_a_good_change_is_applied(drill: Terminal) -> None:
    config = workspace(drill) / "haproxy/haproxy.cfg"
    config.write_text(config.read_text() + "\n# a remark\n")
    assert drill.json("apply")["files"] == ["haproxy/haproxy.cfg"]
    assert drill.run("apply").stdout.startswith("Nothing has changed")


def test_the_database_and_the_cache_can_be_asked(drill: Terminal) -> None:
    both = drill.run(
        "psql", "-c", "SELECT 41 + 1 AS answer -- of all", "-c", "SELECT 7 AS more"
    ).stdout.split()
    assert {"42", "7"} <= set(both)
    refused = drill.run("psql", "-c", "SELECT 1", "-c", "SELECT 2", "--json", code=ExitCode.USAGE)
    assert "one statement" in refused.stderr
    rows = json.loads(drill.run("psql", "-c", "SELECT count(*) AS n FROM products", "--json").stdout)
    assert rows[0]["n"] > 0
    assert "PONG" in drill.run("valkey", "PING").stdout
    assert drill.run("psql", "-c", "SELEC", code=None).returncode != 0


def test_logs_can_be_read_and_an_unknown_component_is_named(drill: Terminal) -> None:
    names = drill.run("logs").stdout.split()
    assert {"postgres", "haproxy", "storefront-1"} <= set(names)
    drill.run("logs", "storefront-1", "-n", "5")
    assert "nothing" in drill.run("logs", "nothing", code=ExitCode.USAGE).stderr


def test_a_hint_is_paid_for_once_and_can_be_read_again(drill: Terminal) -> None:
    first = drill.json("hint", "1")
    assert first["tier"] == 1
    again = drill.json("hint", "1", "--read")
    assert isinstance(again["read"], list)
    assert again["read"][0]["text"] == first["text"]
    assert status(drill)["hints_cost"] == first["cost"]


def test_traffic_can_be_sent_away_and_called_back(drill: Terminal) -> None:
    assert drill.json("traffic", "off")["rate"] == 0
    assert status(drill)["traffic_rate"] == 0
    assert drill.json("traffic", "20")["rate"] == 20
    drill.run("traffic", "lots", code=ExitCode.USAGE)


def test_a_killed_daemon_leaves_no_orphan_and_loses_nothing(drill: Terminal) -> None:
    drill.run("note", "before the fall")
    daemon = daemon_of(places(drill))
    assert daemon is not None
    children = psutil.Process(daemon.pid).children(recursive=True)
    below = [ProcessIdentity(child.pid, child.create_time()) for child in children]
    assert below
    os.kill(daemon.pid, signal.SIGKILL)
    wait_until(
        lambda: not any(each.alive() for each in below), deadline_s=2, what="all its processes are gone"
    )
    back = drill.run("status")
    assert "started again" in back.stderr
    wait_until(
        lambda: status(drill)["state"] == "running", deadline_s=30, what="the range is back", every_s=0.2
    )
    assert "before the fall" in drill.run("note").stdout


def test_pause_keeps_everything_and_resume_brings_it_back(drill: Terminal) -> None:
    drill.run("psql", "-c", "CREATE TABLE mine AS SELECT 7 AS n")
    drill.run("pause")
    assert status(drill)["state"] == "paused"
    wait_until(
        lambda: daemon_of(places(drill)) is None, deadline_s=30, what="the daemon has gone home", every_s=0.2
    )
    assert status(drill)["state"] == "paused"
    drill.run("resume")
    assert json.loads(drill.run("psql", "-c", "SELECT n FROM mine", "--json").stdout) == [{"n": 7}]


def test_reset_is_the_start_state_again(drill: Terminal) -> None:
    (workspace(drill) / "mine.txt").write_text("keep me")
    result = drill.json("reset", "--keep-notes", "--yes")
    assert (Path(str(result["aside"])) / "mine.txt").read_text() == "keep me"
    assert not (workspace(drill) / "mine.txt").exists()
    assert drill.run("psql", "-c", "SELECT n FROM mine", code=None).returncode != 0
    assert "before the fall" in drill.run("note").stdout


def test_stop_ends_it_and_delete_removes_it(drill: Terminal) -> None:
    drill.run("stop", "--delete", "--yes")
    assert not places(drill).root.exists()
    assert workspace(drill).is_dir()
    drill.run("status", code=ExitCode.NO_DRILL)
