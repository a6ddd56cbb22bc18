"""Disasters through the command line: struck, recovered by hand and by a runbook, and cut short."""

import os
import signal
from pathlib import Path

import psutil
import pytest
from e2e_terminal import Terminal

from drillyard.base.clock import wait_until
from drillyard.base.errors import ExitCode
from drillyard.drill.places import Places
from drillyard.drill.presence import daemon_of

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

HERE = Path(__file__).parent / "shop-with-sites"
ARCHIVING = """
archive_mode = on
archive_command = 'test ! -f "$OFFSITE/wal/%f" && cp %p "$OFFSITE/wal/%f"'
archive_timeout = 2
"""
BACK_UP = 'rm -rf "$OFFSITE/base"; pg_basebackup -D "$OFFSITE/base" -X stream -c fast'
RESTORE = """\
for each in haproxy postgres valkey; do shopctl stop $each || true; done
shopctl apply "$OFFSITE/config"
rm -rf "$PGDATA"/*
cp -a "$OFFSITE/base/." "$PGDATA/"
cat >> "$PGDATA/postgresql.auto.conf" <<END
restore_command = 'cp "$OFFSITE/wal/%f" "%p"'
END
touch "$PGDATA/recovery.signal"
for each in postgres valkey haproxy; do shopctl start $each; done
until [ "$(psql -qAtc 'SELECT pg_is_in_recovery()')" = f ]; do sleep 0.2; done
psql -qAtc 'UPDATE outbox SET sent_at = NULL WHERE done_at IS NULL'
psql -qAtc "SELECT setval(pg_get_serial_sequence('orders', 'id'), max(id) + 10000) FROM orders"
for each in storefront-1 storefront-2 worker-payments worker-notifications worker-inventory worker-reports; do
    shopctl start $each
done
"""
RUNBOOK = (
    f"# Runbook\n\n## Recovery\n\nFrom off site:\n\n```sh\n{RESTORE}```\n\n## Communication\n\nTell them.\n"
)


@pytest.fixture(scope="module")
def drill(terminal: Terminal) -> Terminal:
    """A shop that archives off site, with a copy of its configuration there."""
    terminal.run("start", str(HERE), "--name", "sites", "--variant", "1")
    workspace = terminal.home / "drills" / "sites"
    with (workspace / "postgres" / "postgresql.conf").open("a") as file:
        file.write(ARCHIVING)
    (workspace / "runbook.md").write_text(RUNBOOK)
    terminal.run("shell", "--", "mkdir", "-p", str(sites(terminal) / "offsite" / "wal"))
    terminal.run("apply")
    shell(terminal, 'cp -r "$CONFIG" "$OFFSITE/config"')
    return terminal


def sites(terminal: Terminal) -> Path:
    return terminal.home / "data/drills/sites/range/sites"


def shell(terminal: Terminal, script: str) -> str:
    return terminal.run("shell", "--", "sh", "-ec", script, timeout_s=180).stdout


def customers_buy(terminal: Terminal) -> None:
    """Orders are acknowledged."""
    ledger = terminal.home / "data/drills/sites/private/ledger/learner.jsonl"
    before = ledger.stat().st_size if ledger.exists() else 0
    wait_until(
        lambda: ledger.exists() and ledger.stat().st_size > before + 1000,
        deadline_s=60,
        what="customers buy",
        every_s=0.2,
    )


def test_nothing_is_measured_while_what_is_written_is_wrong(drill: Terminal) -> None:
    view = drill.json("check", "plan", code=ExitCode.FAILED)
    tasks = view["tasks"]
    assert isinstance(tasks, list)
    assert [(each["id"], each["status"]) for each in tasks[0]["checks"]] == [
        ("plan-written", "fail"), ("served", "inconclusive"),
    ]  # fmt: skip
    assert view["measurement"] == ""
    (drill.home / "drills" / "sites" / "plan.md").write_text("Look first, then act, then tell them.\n")
    view = drill.json("check", "plan", timeout_s=180, code=None)
    assert view["measurement"] != ""


def test_what_is_recovered_by_hand_is_measured(drill: Terminal) -> None:
    shell(drill, BACK_UP)
    customers_buy(drill)
    assert "has struck" in drill.run("disaster", "site-lost").stdout
    refused = drill.run("disaster", "cache-lost", code=ExitCode.USAGE).stderr
    assert "is not over yet" in refused
    shell(drill, RESTORE)
    view = drill.json("recovered", timeout_s=240)
    assert view["disaster"] == "site-lost"
    assert view["findings"] == []
    assert view["unlooked"] == {}
    assert isinstance(view["recovery_s"], float)
    assert view["recovery_s"] > 0
    fates = view["fates"]
    assert isinstance(fates, dict)
    assert fates["kept"] > 0
    lost, point = fates.get("lost", 0), view["recovery_point_s"]
    assert isinstance(point, float)
    assert (point > 0) == (lost > 0)


def test_a_rehearsal_has_nothing_but_what_lies_off_site(drill: Terminal) -> None:
    shell(drill, "psql -qc 'CREATE TABLE IF NOT EXISTS later (id int)'")
    shell(drill, BACK_UP)
    view = drill.json("rehearse", timeout_s=300)
    assert view["restored"] is True
    assert view["why"] == ""
    assert view["gone"] == []
    assert view["differing"] == []
    assert view["rows_lost"] == {}
    assert isinstance(view["bought"], int)
    assert view["bought"] > 0
    assert "later" in shell(drill, "psql -qAtc \"SELECT to_regclass('public.later')\"")
    customers_buy(drill)


def test_a_rehearsal_that_power_cuts_short_leaves_the_shop_as_it_was(drill: Terminal) -> None:
    runbook = drill.home / "drills" / "sites" / "runbook.md"
    runbook.write_text(RUNBOOK.replace("```sh\n", "```sh\nsleep 60\n"))
    places = Places(drill.home / "data/drills/sites")
    rehearsing = drill.begin("rehearse")
    wait_until(places.aside.exists, deadline_s=150, what="the shop stands aside", every_s=0.05)
    daemon = daemon_of(places)
    assert daemon is not None
    os.kill(daemon.pid, signal.SIGKILL)
    rehearsing.wait(timeout=60)
    runbook.write_text(RUNBOOK)
    drill.run("recovered", "--list", timeout_s=180)
    wait_until(
        lambda: "later" in shell(drill, "psql -qAtc \"SELECT to_regclass('public.later')\" 2>&1 || true"),
        deadline_s=60,
        what="the shop is back",
        every_s=0.5,
    )
    assert not places.aside.exists()
    customers_buy(drill)


def test_a_runbook_recovers_alone(drill: Terminal) -> None:
    shell(drill, BACK_UP)
    customers_buy(drill)
    view = drill.json("disaster", "--graded", "--runbook", timeout_s=400)
    assert view["by"] == "runbook"
    assert view["graded"] is True
    assert view["findings"] == []
    assert "by" in drill.run("recovered", "--list").stdout


def test_power_that_fails_during_a_disaster_leaves_it_as_it_was(drill: Terminal) -> None:
    shell(drill, BACK_UP)
    customers_buy(drill)
    drill.run("disaster", "data-gone")
    places = Places(drill.home / "data/drills/sites")
    daemon = daemon_of(places)
    assert daemon is not None
    everything = [psutil.Process(daemon.pid), *psutil.Process(daemon.pid).children(recursive=True)]
    for process in everything:
        try:
            os.kill(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    assert "disaster" in drill.run("recovered", "--list", timeout_s=180).stdout.lower()
    said = shell(drill, "shopctl status")
    assert "no database cluster" in said
    shell(drill, RESTORE)
    view = drill.json("recovered", timeout_s=240)
    assert view["disaster"] == "data-gone"
    assert view["findings"] == []


def test_what_is_graded_is_not_chosen(drill: Terminal) -> None:
    assert "not chosen" in drill.run("disaster", "data-gone", "--graded", code=ExitCode.USAGE).stderr
    assert "no disaster `fire`" in drill.run("disaster", "fire", code=ExitCode.USAGE).stderr
    assert "Nothing has happened" in drill.run("recovered", code=ExitCode.USAGE).stderr
